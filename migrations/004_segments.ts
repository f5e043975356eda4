import type { Knex } from 'knex';
import { columnTypes, isSqlite, together } from '../src/db/migrationSteps.ts';

/** An external-content index: the text stays in `segments` alone. */
export const sqliteSearch = [
  `CREATE VIRTUAL TABLE segment_search USING fts5 (
     text, content = 'segments', content_rowid = 'id', tokenize = "unicode61 remove_diacritics 0"
   )`,
  `CREATE TRIGGER segments_search_insert AFTER INSERT ON segments BEGIN
     INSERT INTO segment_search (rowid, text) VALUES (new.id, new.text);
   END`,
  `CREATE TRIGGER segments_search_delete AFTER DELETE ON segments BEGIN
     INSERT INTO segment_search (segment_search, rowid, text) VALUES ('delete', old.id, old.text);
   END`,
  `CREATE TRIGGER segments_search_update AFTER UPDATE OF text ON segments BEGIN
     INSERT INTO segment_search (segment_search, rowid, text) VALUES ('delete', old.id, old.text);
     INSERT INTO segment_search (rowid, text) VALUES (new.id, new.text);
   END`,
];

const dropAll = (db: Knex): string[] => [
  ...(isSqlite(db) ? ['DROP TABLE IF EXISTS segment_search'] : []),
  'DROP TABLE IF EXISTS segments',
];

/** ASCII's own, by code: which characters a locale's [:alnum:] has is up to the locale. */
const punctuation = String.raw`'[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]+'`;

/** What was said when, and the words in it. */
export async function up(db: Knex): Promise<void> {
  const { integerKey, key, real, json } = columnTypes(db);
  const document = isSqlite(db)
    ? ''
    : `, document tsvector NOT NULL GENERATED ALWAYS AS (
        to_tsvector('simple', regexp_replace(text, ${punctuation}, ' ', 'g'))) STORED`;
  await together(db, async (transaction) => {
    for (const statement of dropAll(db)) await transaction.raw(statement);
    await transaction.raw(`CREATE TABLE segments (
      id ${integerKey},
      job_id ${key} NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
      position integer NOT NULL,
      start_seconds ${real} NOT NULL,
      end_seconds ${real} NOT NULL,
      text text NOT NULL,
      speaker text,
      average_log_probability ${real},
      no_speech_probability ${real},
      words ${json},
      UNIQUE (job_id, position)
      ${document}
    )`);
    if (isSqlite(db)) for (const statement of sqliteSearch) await transaction.raw(statement);
    else {
      await transaction.raw('CREATE INDEX idx_segments_document ON segments USING gin (document)');
    }
  });
}

export async function down(db: Knex): Promise<void> {
  await together(db, async (transaction) => {
    for (const statement of dropAll(db)) await transaction.raw(statement);
  });
}
