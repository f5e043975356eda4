import { spellingsOf } from './highlight.ts';
import type {
  Asked,
  NewestRequest,
  SearchDialect,
  SearchedRows,
  Written,
} from './searchDialect.ts';

/**
 * Each number is in a stretch of 256 numbers, in one of 1,024, and so on: these are the binary digits that are left out.
 * GIN gives matches in no order, but it can be asked for those in a stretch, and skips all others. So the shortest
 * stretch is looked for that has enough of them. The last is of all numbers.
 */
const STRETCHES = [8, 10, 12, 14, 16, 18, 20, 22, 31];

/** Those of one user lie further apart, so short ones have too few. */
const OWNERS_STRETCHES = [12, 16, 18, 20, 22, 31];

const stretchesOf = ({ owner }: Asked): number[] => (owner === null ? STRETCHES : OWNERS_STRETCHES);

const asTsquery = (words: string): Written => ({
  sql: `(SELECT to_tsquery('simple', (SELECT ?::text)))`,
  bindings: [words],
});

/** Looks up a row for each: the planner would rather begin with it, and find all matches anew for each. */
const lookUp = (table: string, condition: string): string =>
  `CROSS JOIN LATERAL (SELECT * FROM ${table} WHERE ${table}.${condition} OFFSET 0) AS ${table}`;

const jobOfHit = lookUp('jobs', 'id = hit.job_id');

interface SearchedTable {
  table: string;
  /** The column of the number. */
  number: string;
  rowsBeside: string;
}

interface Stretched {
  /** Where the first stretch begins; null for the end of all. */
  start: string | number | null;
  upwards: boolean;
  stretches: readonly number[];
  /** What is asked of the matches in a stretch, `hits`; it is tried for longer ones until `isEnough`. */
  answer(hits: string): Written;
  isEnough: string;
}

/**
 * The matches among the rows of a table. Conditions of their own, not one query that has them all: GIN skips what one
 * of them leaves out only in others.
 */
function matches({ table, number }: SearchedTable, { owner }: Asked, ...more: string[]): string {
  const queries = ['asked.words', ...(owner === null ? [] : ['asked.owner']), ...more];
  const conditions = queries.map(
    (query) => `searched_words(document, ${number}, user_id) @@ ${query}`,
  );
  return `FROM ${table} WHERE ${conditions.join(' AND ')}`;
}

/** What is asked for, read once. */
function askedColumns({ words, owner }: Asked): Written {
  const ofWords = asTsquery(words);
  if (owner === null) return { sql: `${ofWords.sql} AS words`, bindings: ofWords.bindings };
  return {
    sql: `${ofWords.sql} AS words, (SELECT ?::text)::tsquery AS owner`,
    bindings: [...ofWords.bindings, owner],
  };
}

function searchedRows(searched: SearchedTable): SearchedRows {
  const { table, number, rowsBeside } = searched;

  /** Two stretches side by side, so that at least one lies whole beside where it begins. */
  function firstEnough(search: Asked, request: Stretched): Written {
    const { start, upwards, stretches, isEnough } = request;
    const asked = askedColumns(search);
    const [lowest, highest] = [
      `(SELECT min(${number}) FROM ${table})`,
      `(SELECT max(${number}) FROM ${table})`,
    ];
    const step = upwards ? '+ 1' : '- 1';
    const first = `(asked.start ${step}) >> bits`;
    const isLast = upwards
      ? `(within.first + 2) << bits > ${highest}`
      : `(within.first - 1) << bits <= ${lowest}`;
    const answer = request.answer(
      `SELECT ${number} AS number, job_id ${matches(searched, search, 'within.marks')}`,
    );
    const beside = upwards ? `${lowest} - 1` : `${highest} + 1`;
    const begin = start === null ? beside : '(SELECT ?::bigint)';
    return {
      sql: `SELECT answer.* FROM (SELECT ${asked.sql}, (${begin})::bigint AS start OFFSET 0) AS asked
              CROSS JOIN unnest('{${stretches}}'::int[]) AS stretch (bits)
              CROSS JOIN LATERAL (SELECT ${first} AS first, format('''%1$s:%2$s'' | ''%1$s:%3$s''',
                bits, ${first}, (${first}) ${step})::tsquery AS marks OFFSET 0) AS within
              CROSS JOIN LATERAL (${answer.sql} OFFSET 0) AS answer
             WHERE ${isEnough} OR ${isLast} LIMIT 1`,
      bindings: [...asked.bindings, ...(start === null ? [] : [start]), ...answer.bindings],
    };
  }

  return {
    newest(search, { upwards, below, above, limit, visible }: NewestRequest) {
      const conditions = [
        ...(visible ? [visible] : []),
        ...(below === null ? [] : [{ sql: 'hit.number < (SELECT ?::int)', bindings: [below] }]),
        ...(above === null ? [] : [{ sql: 'hit.number > (SELECT ?::int)', bindings: [above] }]),
      ];
      const direction = upwards ? 'ASC' : 'DESC';
      const { sql, bindings } = firstEnough(search, {
        start: upwards ? above : below,
        upwards,
        stretches: stretchesOf(search),
        answer(hits) {
          const where = conditions.map((condition) => condition.sql).join(' AND ');
          return {
            sql: `SELECT ARRAY(
                SELECT hit.number FROM (${hits} ORDER BY ${number} ${direction} OFFSET 0) AS hit ${visible ? jobOfHit : ''}
                 ${where && `WHERE ${where}`} ORDER BY hit.number ${direction} LIMIT ${limit}) AS numbers`,
            bindings: conditions.flatMap((condition) => condition.bindings),
          };
        },
        isEnough: `cardinality(answer.numbers) = ${limit}`,
      });
      return {
        sql: `(SELECT unnest(numbers) AS number FROM (${sql}) AS first_enough) AS found ${rowsBeside}`,
        bindings,
      };
    },
    count(search, most, visible) {
      return firstEnough(search, {
        start: null,
        upwards: false,
        // In a shorter one there is no room for more.
        stretches: stretchesOf(search).filter((bits) => 2 ** bits > most),
        answer(hits) {
          const seen = visible ? `${jobOfHit} WHERE ${visible.sql}` : '';
          return {
            sql: `SELECT count(*) AS count, count(*) > ${most} AS more FROM (
                SELECT FROM (${hits} OFFSET 0) AS hit ${seen} LIMIT ${most + 1}) AS hits`,
            bindings: visible?.bindings ?? [],
          };
        },
        isEnough: 'answer.more',
      });
    },
  };
}

const searchedJobs: SearchedTable = {
  table: 'job_search',
  number: 'number',
  rowsBeside: `${lookUp('job_search', 'number = found.number')} ${lookUp('jobs', 'id = job_search.job_id')}`,
};

export const postgresSearch: SearchDialect = {
  query: (words) =>
    words
      .map(
        (word) =>
          `(${spellingsOf(word)
            .map((spelling) => `'${spelling}'`)
            .join(' | ')})`,
      )
      .join(' & '),
  ownedBy: (userId) => `'user:${userId}'`,
  jobs: searchedRows(searchedJobs),
  segments: searchedRows({
    table: 'segments',
    number: 'id',
    rowsBeside: `${lookUp('segments', 'id = found.number')} ${lookUp('jobs', 'id = segments.job_id')}`,
  }),
  rankedJobs(search, upwards) {
    const { sql, bindings } = askedColumns(search);
    const direction = upwards ? 'ASC' : 'DESC';
    // In order already, so that no more jobs are looked up than are asked for.
    return {
      sql: `(SELECT job_id, number, score FROM (SELECT ${sql} OFFSET 0) AS asked CROSS JOIN LATERAL (
               SELECT job_id, number, ts_rank(document, asked.words)::float8 AS score
                 ${matches(searchedJobs, search)} OFFSET 0) AS hit
              ORDER BY score ${direction}, job_id ${direction} OFFSET 0) AS found
            ${lookUp('jobs', 'id = found.job_id')}`,
      bindings,
    };
  },
};
