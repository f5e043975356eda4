import type { Knex } from 'knex';
import { isSqlite, together } from '../src/db/migrationSteps.ts';

/**
 * FTS5 keeps its documents by an integer. The rowid of `jobs` is not one: VACUUM may change it, since
 * the table's key is text. So each job gets a key of its own.
 */
const sqlite = [
  `CREATE TABLE job_search_keys (
     id INTEGER PRIMARY KEY,
     job_id TEXT NOT NULL UNIQUE REFERENCES jobs (id) ON DELETE CASCADE
   )`,
  `CREATE VIRTUAL TABLE job_search USING fts5 (
     original_filename, abstract, summary, keywords, tokenize = "unicode61 remove_diacritics 0"
   )`,
  'INSERT INTO job_search_keys (job_id) SELECT id FROM jobs',
  `INSERT INTO job_search (rowid, original_filename, abstract, summary, keywords)
     SELECT k.id, j.original_filename, m.abstract, m.summary, m.keywords
       FROM job_search_keys k JOIN jobs j ON j.id = k.job_id LEFT JOIN metadata m ON m.job_id = j.id`,
  `CREATE TRIGGER jobs_search_insert AFTER INSERT ON jobs BEGIN
     INSERT INTO job_search_keys (job_id) VALUES (new.id);
     INSERT INTO job_search (rowid, original_filename)
       SELECT id, new.original_filename FROM job_search_keys WHERE job_id = new.id;
   END`,
  `CREATE TRIGGER jobs_search_update AFTER UPDATE OF original_filename ON jobs BEGIN
     UPDATE job_search SET original_filename = new.original_filename
      WHERE rowid = (SELECT id FROM job_search_keys WHERE job_id = new.id);
   END`,
  `CREATE TRIGGER jobs_search_delete BEFORE DELETE ON jobs BEGIN
     DELETE FROM job_search WHERE rowid = (SELECT id FROM job_search_keys WHERE job_id = old.id);
   END`,
  ...['INSERT', 'UPDATE OF abstract, summary, keywords'].map(
    (
      event,
    ) => `CREATE TRIGGER metadata_search_${event.slice(0, 6).toLowerCase()} AFTER ${event} ON metadata BEGIN
     UPDATE job_search SET abstract = new.abstract, summary = new.summary, keywords = new.keywords
      WHERE rowid = (SELECT id FROM job_search_keys WHERE job_id = new.job_id);
   END`,
  ),
  `CREATE TRIGGER metadata_search_delete AFTER DELETE ON metadata BEGIN
     UPDATE job_search SET abstract = NULL, summary = NULL, keywords = NULL
      WHERE rowid = (SELECT id FROM job_search_keys WHERE job_id = old.job_id);
   END`,
];

const sqliteDown = [
  ...['jobs_search', 'metadata_search'].flatMap((trigger) =>
    ['insert', 'update', 'delete'].map((event) => `DROP TRIGGER IF EXISTS ${trigger}_${event}`),
  ),
  'DROP TABLE IF EXISTS job_search',
  'DROP TABLE IF EXISTS job_search_keys',
];

/** ASCII's own, by code: which characters a locale's [:alnum:] has is up to the locale. */
const punctuation = String.raw`'[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]+'`;

/** Words are what lies between other characters, as FTS5 sees them: `team-call_03.mp3` has four. */
const words = (column: string): string =>
  `to_tsvector('simple', regexp_replace(coalesce(${column}, ''), ${punctuation}, ' ', 'g'))`;

const document = `${words('j.original_filename')} || ${words('m.abstract')} || ${words('m.summary')} || ${words('m.keywords')}`;

const postgres = [
  `CREATE TABLE job_search (
     job_id text COLLATE "C" PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
     document tsvector NOT NULL
   )`,
  `INSERT INTO job_search (job_id, document)
     SELECT j.id, ${document} FROM jobs j LEFT JOIN metadata m ON m.job_id = j.id`,
  'CREATE INDEX idx_job_search_document ON job_search USING gin (document)',
  `CREATE FUNCTION refresh_job_search() RETURNS trigger LANGUAGE plpgsql AS $$
   DECLARE subject text;
   BEGIN
     IF TG_TABLE_NAME = 'jobs' THEN subject := NEW.id;
     ELSIF TG_OP = 'DELETE' THEN subject := OLD.job_id;
     ELSE subject := NEW.job_id;
     END IF;
     INSERT INTO job_search (job_id, document)
       SELECT j.id, ${document} FROM jobs j LEFT JOIN metadata m ON m.job_id = j.id
        WHERE j.id = subject
       ON CONFLICT (job_id) DO UPDATE SET document = excluded.document;
     RETURN NULL;
   END $$`,
  `CREATE TRIGGER jobs_search AFTER INSERT OR UPDATE OF original_filename ON jobs
     FOR EACH ROW EXECUTE FUNCTION refresh_job_search()`,
  `CREATE TRIGGER metadata_search AFTER INSERT OR DELETE OR UPDATE OF abstract, summary, keywords
     ON metadata FOR EACH ROW EXECUTE FUNCTION refresh_job_search()`,
];

const postgresDown = [
  'DROP TRIGGER IF EXISTS jobs_search ON jobs',
  'DROP TRIGGER IF EXISTS metadata_search ON metadata',
  'DROP FUNCTION IF EXISTS refresh_job_search',
  'DROP TABLE IF EXISTS job_search',
];

/** Words in a job's file name, abstract, summary and keywords; triggers keep the index. */
export async function up(db: Knex): Promise<void> {
  await together(db, async (transaction) => {
    // Cut off between this transaction and Knex's note of it, the migration runs again.
    for (const statement of isSqlite(db) ? sqliteDown : postgresDown)
      await transaction.raw(statement);
    for (const statement of isSqlite(db) ? sqlite : postgres) await transaction.raw(statement);
  });
}

export async function down(db: Knex): Promise<void> {
  await together(db, async (transaction) => {
    for (const statement of isSqlite(db) ? sqliteDown : postgresDown)
      await transaction.raw(statement);
  });
}
