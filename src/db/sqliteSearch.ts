import { spellingsOf } from './highlight.ts';
import type { Asked, SearchDialect, SearchedRows, Written } from './searchDialect.ts';

const searchedTexts = ['original_filename', 'abstract', 'summary', 'keywords'];

/** Stands before the id of an owner in the index, and in no word of a search. */
const MARK = '\ue000';

const query = ({ words, owner }: Asked): Written =>
  owner === null
    ? { sql: '?', bindings: [words] }
    : { sql: "? || ' AND ' || ?", bindings: [words, owner] };

/** The index is in the order of the numbers, in both directions. CROSS keeps it the first that is read. */
function searchedRows(index: string, rowsBeside: string): SearchedRows {
  const found = (asked: Asked, bounds: readonly Written[] = []): Written => {
    const conditions = [query(asked), ...bounds].map(({ sql }) => sql);
    return {
      sql: `(SELECT rowid AS number FROM ${index} WHERE ${index} MATCH ${conditions.join(' AND ')}) AS found`,
      bindings: [...query(asked).bindings, ...bounds.flatMap(({ bindings }) => bindings)],
    };
  };
  // The driver binds numbers as real ones, by which FTS5 would read all from the beginning.
  const bound = (comparison: '<' | '>', number: string | number | null): Written[] =>
    number === null ? [] : [{ sql: `rowid ${comparison} CAST(? AS INTEGER)`, bindings: [number] }];
  return {
    newest(asked, { below, above }) {
      const { sql, bindings } = found(asked, [...bound('<', below), ...bound('>', above)]);
      return { sql: `${sql} ${rowsBeside}`, bindings };
    },
    count(asked, most, visible) {
      const { sql, bindings } = found(asked);
      const seen = visible ? `${rowsBeside} WHERE ${visible.sql}` : '';
      return {
        sql: `SELECT count(*) AS count, count(*) > ${most} AS more FROM (SELECT 1 FROM ${sql} ${seen} LIMIT ${most + 1})`,
        bindings: [...bindings, ...(visible?.bindings ?? [])],
      };
    },
  };
}

/** 1 where all words are in this text of a job, 0 where they are in several of its texts. */
const hasAllWords = (text: string, owner: string | null): string =>
  `(found.number IN (SELECT rowid FROM job_search
             WHERE job_search MATCH (SELECT '${text} : (' || words || ')'${owner === null ? '' : " || ' AND ' || owner"} FROM asked)))`;

/** Not bm25, whose scores move whenever a document is added or changed. */
const score = (owner: string | null): string =>
  searchedTexts.map((text) => hasAllWords(text, owner)).join(' + ');

/** The common tables `asked` and `found`, the numbers of the matches, in their order where there is one. */
function foundJobs({ words, owner }: Asked, order = ''): Written {
  const [columns, values, query] =
    owner === null
      ? ['words', '?', 'words']
      : ['words, owner', '?, ?', "words || ' AND ' || owner"];
  return {
    sql: `asked (${columns}) AS (SELECT ${values}), found AS MATERIALIZED (SELECT rowid AS number FROM job_search
            WHERE job_search MATCH (SELECT ${query} FROM asked) ${order})`,
    bindings: owner === null ? [words] : [words, owner],
  };
}

export const sqliteSearch: SearchDialect = {
  query: (words) =>
    words
      .map(
        (word) =>
          `(${spellingsOf(word)
            .map((spelling) => `"${spelling}"`)
            .join(' OR ')})`,
      )
      .join(' AND '),
  halves: () => null,
  ownedBy: (userId) => `"${MARK}${userId}"`,
  jobs: searchedRows(
    'job_search',
    `CROSS JOIN job_search_keys AS keys ON keys.id = found.number
     CROSS JOIN jobs ON jobs.id = keys.job_id`,
  ),
  segments: searchedRows(
    'segment_search',
    `CROSS JOIN segments ON segments.id = found.number
     CROSS JOIN jobs ON jobs.id = segments.job_id`,
  ),
  rankedJobs(search) {
    const { sql, bindings } = foundJobs(search);
    return {
      sql: `(WITH ${sql} SELECT keys.id AS number, keys.job_id, ${score(search.owner)} AS score
               FROM found CROSS JOIN job_search_keys AS keys ON keys.id = found.number) AS found
            CROSS JOIN jobs ON jobs.id = found.job_id`,
      bindings,
    };
  },
  givesNewestFirst: true,
  firstJobs(search, { upwards, limit, most, visible }) {
    const direction = upwards ? 'ASC' : 'DESC';
    const ifFew = (value: string) =>
      `CASE WHEN (SELECT matches FROM counted) <= ${most} THEN ${value} END`;
    const { sql, bindings } = foundJobs(search, `ORDER BY rowid ${direction} LIMIT ${most + 1}`);
    return {
      sql: `(WITH ${sql}, counted AS MATERIALIZED (SELECT count(*) AS matches FROM found),
               sorted AS (SELECT number FROM found ORDER BY number ${direction}
                 LIMIT (SELECT CASE WHEN matches > ${most} THEN ${limit} ELSE ${most} END FROM counted))
             SELECT matches, page.* FROM counted LEFT JOIN (
               SELECT found.number, keys.job_id, ${ifFew(score(search.owner))} AS score, ${ifFew('keys.job_id')} AS tie
                 FROM sorted AS found CROSS JOIN job_search_keys AS keys ON keys.id = found.number
                ORDER BY score ${direction}, tie ${direction}, found.number ${direction}
                LIMIT ${limit}) AS page) AS found
            LEFT JOIN jobs ON jobs.id = found.job_id ${visible ? `AND ${visible.sql}` : ''}`,
      bindings: [...bindings, ...(visible?.bindings ?? [])],
    };
  },
};
