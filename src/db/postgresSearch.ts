import type { Knex } from 'knex';
import { spellingsOf } from './highlight.ts';
import type {
  Asked,
  FirstRequest,
  NewestRequest,
  SearchDialect,
  SearchedRows,
  Written,
} from './searchDialect.ts';

/**
 * Each number is in a stretch of 256 numbers, in one of 1,024, and so on: these are the binary digits that are left out.
 * GIN gives matches in no order, but it can be asked for those in a stretch, and skips all others. So a short one is
 * looked for that has enough of them. The last is of all numbers.
 */
const STRETCHES = [8, 10, 12, 14, 16, 18, 20, 22, 31];

/** Those of one user lie further apart, so short ones have too few. */
const OWNERS_STRETCHES = [12, 16, 18, 20, 22, 31];

const stretchesOf = ({ owner }: Asked): number[] => (owner === null ? STRETCHES : OWNERS_STRETCHES);

/** What every row matches, since no number is in such a stretch: a condition that costs next to nothing. */
const EVERY = `'!''31:9'''::tsquery`;

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

/** Stretches that are tried, longer and longer ones, until one has as many matches as are wanted. */
interface Tries {
  /** Where the first begins; null for the end of all. */
  start: string | number | null;
  upwards: boolean;
  stretches: readonly number[];
  wanted: number;
  /** What is asked of the matches in a stretch, `hits`: `found`, how many they are, and what `more` says. */
  answer(hits: string): Written;
  /** The other columns of an answer, before there is any. */
  more?: string;
  /** Whether the last, which is of all numbers, is left out. */
  isLastLeftOut?: boolean;
}

/**
 * The matches among the rows of a table. Conditions of their own, not one query that has them all: GIN skips what one
 * of them leaves out only in others. So where there are several words, they are in two halves.
 */
function matches({ table, number }: SearchedTable, asked: Asked, ...more: string[]): string {
  const queries = [
    ...(asked.halves ? ['asked.half', 'asked.other_half'] : ['asked.words']),
    ...(asked.owner === null ? [] : ['asked.owner']),
    ...more,
  ];
  const conditions = queries.map(
    (query) => `searched_words(document, ${number}, user_id) @@ ${query}`,
  );
  return `FROM ${table} WHERE ${conditions.join(' AND ')}`;
}

const asTsquery = (words: Knex.RawBinding, column: string): Written => ({
  sql: `to_tsquery('simple', (SELECT ?::text)) AS ${column}`,
  bindings: [words],
});

/** What is asked for, read once: a row of its own. */
function askedFor({ words, halves, owner }: Asked, ...more: Written[]): Written {
  const columns = [
    asTsquery(words, 'words'),
    ...(halves ? [asTsquery(halves.one, 'half'), asTsquery(halves.other, 'other_half')] : []),
    ...(owner === null ? [] : [{ sql: '(SELECT ?::text)::tsquery AS owner', bindings: [owner] }]),
    ...more,
  ];
  return {
    sql: `SELECT ${columns.map(({ sql }) => sql).join(', ')}`,
    bindings: columns.flatMap(({ bindings }) => bindings),
  };
}

/**
 * `asked`, and what was `tried` of it. A try is two stretches side by side, so that at least one lies whole beside where
 * it begins. They are so long that they have half more than is wanted, going by those before: each try costs what it
 * takes to look up the words. The last is of all numbers, however many stretches that are longer there would be.
 */
function triesOf(searched: SearchedTable, search: Asked, tries: Tries): Written {
  const { table, number } = searched;
  const { start, upwards, stretches, wanted, more = '' } = tries;
  const isTried = tries.isLastLeftOut ? 'AND NOT within.is_last' : '';
  const [lowest, highest] = [
    `(SELECT min(${number}) FROM ${table})`,
    `(SELECT max(${number}) FROM ${table})`,
  ];
  const [step, beside, end] = upwards
    ? ['+ 1', `${lowest} - 1`, highest]
    : ['- 1', `${highest} + 1`, lowest];
  const first = `((asked.start ${step}) >> bits)`;
  const isLast = upwards
    ? `(${first} + 2) << bits > asked.last`
    : `(${first} - 1) << bits <= asked.last`;
  const asked = askedFor(search, {
    sql: `(${start === null ? beside : '(SELECT ?::bigint)'})::bigint AS start, ${end} AS last`,
    bindings: start === null ? [] : [start],
  });
  const answer = tries.answer(
    `SELECT ${number} AS number, job_id ${matches(searched, search, 'within.marks')}`,
  );
  return {
    sql: `asked AS MATERIALIZED (${asked.sql}), tried AS (
            SELECT 0 AS bits, start IS NULL AS is_last, 0::bigint AS found ${more} FROM asked
            UNION ALL
            SELECT within.bits, within.is_last, answer.*
              FROM tried CROSS JOIN asked CROSS JOIN LATERAL (
                SELECT bits, is_last, CASE WHEN is_last THEN ${EVERY} ELSE format('''%1$s:%2$s'' | ''%1$s:%3$s''',
                       bits, ${first}, ${first} ${step})::tsquery END AS marks
                  FROM (SELECT bits, ${isLast} AS is_last
                          FROM unnest('{${stretches}}'::int[]) AS stretch (bits)) AS longer
                 WHERE bits > tried.bits
                   AND (tried.bits = 0 OR is_last OR greatest(tried.found, 1) << (bits - tried.bits) > ${Math.ceil(1.5 * wanted)})
                 LIMIT 1) AS within
              CROSS JOIN LATERAL (${answer.sql} OFFSET 0) AS answer
             WHERE tried.found < ${wanted} AND NOT tried.is_last ${isTried})`,
    bindings: [...asked.bindings, ...answer.bindings],
  };
}

function searchedRows(searched: SearchedTable): SearchedRows {
  const { number, rowsBeside } = searched;
  return {
    newest(search, { upwards, below, above, limit, visible }: NewestRequest) {
      const conditions = [
        ...(visible ? [visible] : []),
        ...(below === null ? [] : [{ sql: 'hit.number < (SELECT ?::int)', bindings: [below] }]),
        ...(above === null ? [] : [{ sql: 'hit.number > (SELECT ?::int)', bindings: [above] }]),
      ];
      const direction = upwards ? 'ASC' : 'DESC';
      const { sql, bindings } = triesOf(searched, search, {
        start: upwards ? above : below,
        upwards,
        stretches: stretchesOf(search),
        wanted: limit,
        more: `, '{}'::int[] AS numbers`,
        answer(hits) {
          const where = conditions.map((condition) => condition.sql).join(' AND ');
          return {
            sql: `SELECT count(*) AS found, array_agg(number) AS numbers FROM (
                SELECT hit.number FROM (${hits} ORDER BY ${number} ${direction} OFFSET 0) AS hit ${visible ? jobOfHit : ''}
                 ${where && `WHERE ${where}`} ORDER BY hit.number ${direction} LIMIT ${limit}) AS nearest`,
            bindings: conditions.flatMap((condition) => condition.bindings),
          };
        },
      });
      return {
        sql: `(WITH RECURSIVE ${sql}
               SELECT unnest(numbers) AS number FROM tried WHERE found = ${limit} OR is_last) AS found ${rowsBeside}`,
        bindings,
      };
    },
    count(search, most, visible) {
      const { sql, bindings } = triesOf(searched, search, {
        start: null,
        upwards: false,
        // In a shorter one there is no room for more.
        stretches: stretchesOf(search).filter((bits) => 2 ** bits > most),
        wanted: most + 1,
        answer(hits) {
          const seen = visible ? `${jobOfHit} WHERE ${visible.sql}` : '';
          return {
            sql: `SELECT count(*) AS found FROM (
                SELECT FROM (${hits} OFFSET 0) AS hit ${seen} LIMIT ${most + 1}) AS hits`,
            bindings: visible?.bindings ?? [],
          };
        },
      });
      return {
        sql: `WITH RECURSIVE ${sql} SELECT found AS count, found > ${most} AS more FROM tried WHERE found > ${most} OR is_last`,
        bindings,
      };
    },
  };
}

const searchedJobs: SearchedTable = {
  table: 'job_search',
  number: 'number',
  rowsBeside: `${lookUp('job_search', 'number = found.number')} ${lookUp('jobs', 'id = job_search.job_id')}`,
};

const tsqueryOf = (words: readonly string[]): string =>
  words
    .map(
      (word) =>
        `(${spellingsOf(word)
          .map((spelling) => `'${spelling}'`)
          .join(' | ')})`,
    )
    .join(' & ');

export const postgresSearch: SearchDialect = {
  query: tsqueryOf,
  halves(words) {
    const middle = Math.ceil(words.length / 2);
    return words.length < 2
      ? null
      : { one: tsqueryOf(words.slice(0, middle)), other: tsqueryOf(words.slice(middle)) };
  },
  ownedBy: (userId) => `'user:${userId}'`,
  jobs: searchedRows(searchedJobs),
  segments: searchedRows({
    table: 'segments',
    number: 'id',
    rowsBeside: `${lookUp('segments', 'id = found.number')} ${lookUp('jobs', 'id = segments.job_id')}`,
  }),
  rankedJobs(search, upwards) {
    const { sql, bindings } = askedFor(search);
    const direction = upwards ? 'ASC' : 'DESC';
    // In order already, so that no more jobs are looked up than are asked for.
    return {
      sql: `(SELECT job_id, number, score FROM (${sql} OFFSET 0) AS asked CROSS JOIN LATERAL (
               SELECT job_id, number, ts_rank(document, asked.words)::float8 AS score
                 ${matches(searchedJobs, search)} OFFSET 0) AS hit
              ORDER BY score ${direction}, job_id ${direction} OFFSET 0) AS found
            ${lookUp('jobs', 'id = found.job_id')}`,
      bindings,
    };
  },
  // Stretches that show how many there are have more than a page.
  givesNewestFirst: false,
  firstJobs(search, { upwards, limit, most, visible }: FirstRequest) {
    const { sql, bindings } = triesOf(searchedJobs, search, {
      start: null,
      upwards: false,
      stretches: stretchesOf(search),
      wanted: most + 1,
      isLastLeftOut: true,
      answer: (hits) => ({
        sql: `SELECT count(*) AS found FROM (${hits} LIMIT ${most + 1}) AS hits`,
        bindings: [],
      }),
    });
    const direction = upwards ? 'ASC' : 'DESC';
    // Conditions of joins that always hold, but for `true`, which pg_stat_statements takes for a value.
    return {
      sql: `(WITH RECURSIVE ${sql}, ranked AS MATERIALIZED (
               SELECT hit.* FROM (SELECT max(found) AS found FROM tried) AS before CROSS JOIN asked CROSS JOIN LATERAL (
                 SELECT job_id, number, ts_rank(document, asked.words)::float8 AS score
                   ${matches(searchedJobs, search)} AND before.found <= ${most} LIMIT ${most + 1}) AS hit)
             SELECT matches, job_id, number, score, job_id AS tie
               FROM (SELECT greatest(count(*), (SELECT max(found) FROM tried)) AS matches FROM ranked) AS counted
               LEFT JOIN LATERAL (SELECT * FROM ranked WHERE counted.matches <= ${most}
                 ORDER BY score ${direction}, job_id ${direction} LIMIT ${limit}) AS best
                 ON best.job_id = best.job_id) AS found
            LEFT JOIN LATERAL (SELECT * FROM jobs WHERE jobs.id = found.job_id ${visible ? `AND ${visible.sql}` : ''} OFFSET 0) AS jobs
              ON jobs.id = found.job_id`,
      bindings: [...bindings, ...(visible?.bindings ?? [])],
    };
  },
};
