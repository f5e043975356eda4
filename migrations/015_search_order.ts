import type { Knex } from 'knex';
import { select } from '../src/db/client.ts';
import {
  addColumn,
  createIndexes,
  dropColumn,
  dropIndexes,
  type Index,
  isSqlite,
  together,
} from '../src/db/migrationSteps.ts';
import { up as makeJobSearch } from './003_job_search.ts';
import { sqliteSearch as sqliteSegmentSearch } from './004_segments.ts';

/** For Knex's command line: CREATE INDEX CONCURRENTLY can't run in a transaction. */
export const config = { transaction: false };

/** Rows that a transaction writes at most: on SQLite nobody else writes meanwhile, for some 50 ms. */
const BATCH = 1000;

/* SQLite: an index of words alone, which has one word more, of whose job it is. */

/** A character that no word of a search has, and that tokens may begin with. */
const MARK = 'char(57344)';

/** A text without the mark, so that nobody can put theirs among what another finds. */
const unmarked = (column: string): string => `replace(${column}, ${MARK}, ' ')`;

interface SearchTable {
  name: string;
  columns: string;
  /** Where rows come from; `id` is their key. */
  rows: string;
  id: string;
  /** What keeps it as its rows are, by name. */
  triggers: Record<string, string>;
}

const jobColumns = 'original_filename, abstract, summary, keywords, owner';
const jobTexts = ['j.original_filename', 'm.abstract', 'm.summary', 'm.keywords'].map(unmarked);
const jobRows = `SELECT k.id, ${jobTexts.join(', ')}, ${MARK} || j.user_id
  FROM job_search_keys k JOIN jobs j ON j.id = k.job_id LEFT JOIN metadata m ON m.job_id = j.id`;

/** The same for the one job, without its key. */
const jobTextsOf = (job: string): string => `SELECT ${jobTexts.join(', ')}, ${MARK} || j.user_id
  FROM jobs j LEFT JOIN metadata m ON m.job_id = j.id WHERE j.id = ${job}`;

const keyOf = (job: string): string => `(SELECT id FROM job_search_keys WHERE job_id = ${job})`;

function jobSearch(name: string): SearchTable {
  const refresh = (job: string): string =>
    `UPDATE ${name} SET (${jobColumns}) = (${jobTextsOf(job)}) WHERE rowid = ${keyOf(job)};`;
  return {
    name,
    columns: jobColumns,
    rows: jobRows,
    id: 'k.id',
    triggers: {
      job_search_keys_insert: `AFTER INSERT ON job_search_keys BEGIN
        INSERT INTO ${name} (rowid, ${jobColumns}) ${jobRows} WHERE k.id = new.id; END`,
      jobs_search_update: `AFTER UPDATE OF original_filename, user_id ON jobs BEGIN
        ${refresh('new.id')} END`,
      jobs_search_delete: `BEFORE DELETE ON jobs BEGIN
        DELETE FROM ${name} WHERE rowid = ${keyOf('old.id')}; END`,
      metadata_search_insert: `AFTER INSERT ON metadata BEGIN ${refresh('new.job_id')} END`,
      metadata_search_update: `AFTER UPDATE OF abstract, summary, keywords ON metadata BEGIN
        ${refresh('new.job_id')} END`,
      metadata_search_delete: `AFTER DELETE ON metadata BEGIN ${refresh('old.job_id')} END`,
    },
  };
}

const segmentRows = `SELECT s.id, ${unmarked('s.text')}, ${MARK} || j.user_id
  FROM segments s JOIN jobs j ON j.id = s.job_id`;

function segmentSearch(name: string): SearchTable {
  const insert = (condition: string): string =>
    `INSERT INTO ${name} (rowid, text, owner) ${segmentRows} WHERE ${condition};`;
  const remove = (condition: string): string => `DELETE FROM ${name} WHERE ${condition};`;
  const ofJob = 'rowid IN (SELECT id FROM segments WHERE job_id = new.id)';
  return {
    name,
    columns: 'text, owner',
    rows: segmentRows,
    id: 's.id',
    triggers: {
      segments_search_insert: `AFTER INSERT ON segments BEGIN ${insert('s.id = new.id')} END`,
      segments_search_delete: `AFTER DELETE ON segments BEGIN ${remove('rowid = old.id')} END`,
      segments_search_update: `AFTER UPDATE OF text ON segments BEGIN
        ${remove('rowid = old.id')} ${insert('s.id = new.id')} END`,
      segments_search_owner: `AFTER UPDATE OF user_id ON jobs BEGIN
        ${remove(ofJob)} ${insert('j.id = new.id')} END`,
    },
  };
}

/** Jobs get their key, which brings them into the search. */
const newKey = `CREATE TRIGGER jobs_search_insert AFTER INSERT ON jobs BEGIN
  INSERT INTO job_search_keys (job_id) VALUES (new.id); END`;

const filledBeside = (name: string): string => `${name}_next`;

async function createTriggers(db: Knex, { triggers }: SearchTable, ending = ''): Promise<void> {
  for (const [name, what] of Object.entries(triggers)) {
    await db.raw(`CREATE TRIGGER ${name}${ending} ${what}`);
  }
}

async function dropTriggers(db: Knex, { triggers }: SearchTable, ending = ''): Promise<void> {
  for (const name of Object.keys(triggers)) await db.raw(`DROP TRIGGER IF EXISTS ${name}${ending}`);
}

/** An empty one beside the one that is asked, which hears of all that changes from now on. */
async function createBeside(db: Knex, table: SearchTable): Promise<void> {
  await dropTriggers(db, table, '_next');
  await db.raw(`DROP TABLE IF EXISTS ${table.name}`);
  await db.raw(`CREATE VIRTUAL TABLE ${table.name} USING fts5 (
    ${table.columns}, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 0")`);
  await createTriggers(db, table, '_next');
}

async function fill(db: Knex, { name, columns, rows, id }: SearchTable, source: string) {
  const [range] = await select<{ first: number | null; last: number | null }>(
    db,
    `SELECT (SELECT min(id) FROM ${source}) AS first, (SELECT max(id) FROM ${source}) AS last`,
  );
  const { first, last } = range ?? {};
  if (first == null || last == null) return;
  for (let begin = first; begin <= last; begin += BATCH) {
    await db.raw(
      `INSERT INTO ${name} (rowid, ${columns}) ${rows} WHERE ${id} >= ? AND ${id} < ?
          AND NOT EXISTS (SELECT 1 FROM ${name}_docsize AS there WHERE there.id = ${id})
        ORDER BY ${id}`,
      [begin, begin + BATCH],
    );
  }
}

async function sqliteUp(db: Knex): Promise<void> {
  const tables = [
    { named: jobSearch, name: 'job_search', source: 'job_search_keys' },
    { named: segmentSearch, name: 'segment_search', source: 'segments' },
  ];
  for (const { named, name, source } of tables) {
    const beside = named(filledBeside(name));
    await together(db, (transaction) => createBeside(transaction, beside));
    await fill(db, beside, source);
    await together(db, async (transaction) => {
      const table = named(name);
      await dropTriggers(transaction, table);
      if (name === 'job_search') {
        await transaction.raw('DROP TRIGGER IF EXISTS jobs_search_insert');
        await transaction.raw(newKey);
      }
      await dropTriggers(transaction, beside, '_next');
      await transaction.raw(`DROP TABLE ${name}`);
      await transaction.raw(`ALTER TABLE ${beside.name} RENAME TO ${name}`);
      await createTriggers(transaction, table);
    });
  }
}

async function sqliteDown(db: Knex): Promise<void> {
  await makeJobSearch(db);
  await together(db, async (transaction) => {
    await dropTriggers(transaction, segmentSearch('segment_search'));
    await transaction.raw('DROP TABLE segment_search');
    for (const statement of sqliteSegmentSearch) await transaction.raw(statement);
    await transaction.raw("INSERT INTO segment_search (segment_search) VALUES ('rebuild')");
  });
}

/* PostgreSQL: words more in the index, of whose job it is and which stretches of numbers it is in. */

/** Stretches of 256, 1,024, … rows: the binary digits of a number that are left out. */
const STRETCHES = [8, 10, 12, 14, 16, 18, 20, 22, 31];

const searchedWords = (place: string): string => `searched_words(document, ${place}, user_id)`;

/** Those of the words alone serve who asks as before. */
const indexesBefore: readonly Index[] = [
  { name: 'idx_job_search_document', table: 'job_search', using: 'gin', on: 'document' },
  { name: 'idx_segments_document', table: 'segments', using: 'gin', on: 'document' },
];

const numbers: Index = {
  name: 'idx_job_search_number',
  table: 'job_search',
  on: 'number',
  unique: true,
};

/** What is new stands in a list first, which every search reads whole: with 4 MB of it, it takes five times as long. */
const words = { using: 'gin', kept: 'gin_pending_list_limit = 256' } as const;

const wordIndexes: readonly Index[] = [
  { name: 'idx_job_search_words', table: 'job_search', on: searchedWords('number'), ...words },
  { name: 'idx_segments_words', table: 'segments', on: searchedWords('id'), ...words },
];

export const indexes = (db: Knex): readonly Index[] =>
  isSqlite(db) ? [] : [numbers, ...wordIndexes];

const postgresFunctions = [
  // concat takes what is null for nothing.
  `CREATE OR REPLACE FUNCTION searched_words(document tsvector, place integer, user_id integer)
   RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
   BEGIN
     RETURN document || array_to_tsvector(ARRAY[concat('user:', user_id), ${STRETCHES.map((bits) => `concat('${bits}:', place >> ${bits})`).join(', ')}]);
   END $$`,
  `CREATE OR REPLACE FUNCTION set_search_owner() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     NEW.user_id := (SELECT jobs.user_id FROM jobs WHERE jobs.id = NEW.job_id);
     RETURN NEW;
   END $$`,
  `CREATE OR REPLACE FUNCTION change_search_owner() RETURNS trigger LANGUAGE plpgsql AS $$
   BEGIN
     UPDATE job_search SET user_id = NEW.user_id WHERE job_id = NEW.id;
     UPDATE segments SET user_id = NEW.user_id WHERE job_id = NEW.id;
     RETURN NULL;
   END $$`,
];

const owned = ['job_search', 'segments'];

const postgresTriggers = [
  ...owned.map(
    (table) => `CREATE OR REPLACE TRIGGER ${table}_owner BEFORE INSERT ON ${table}
      FOR EACH ROW EXECUTE FUNCTION set_search_owner()`,
  ),
  `CREATE OR REPLACE TRIGGER jobs_search_owner AFTER UPDATE OF user_id ON jobs
     FOR EACH ROW EXECUTE FUNCTION change_search_owner()`,
];

/** Numbers for the jobs that were there before, downwards from the newest: new ones begin at 1. */
async function numberJobs(db: Knex): Promise<void> {
  for (let after = { created_at: 'infinity', id: '' }; ; ) {
    const batch = await select<typeof after>(
      db,
      `SELECT id, created_at FROM jobs WHERE (created_at, id) < (?::timestamptz, ?)
        ORDER BY created_at DESC, id DESC LIMIT ${BATCH}`,
      [after.created_at, after.id],
    );
    const last = batch.at(-1);
    if (!last) return;
    after = last;
    await db.raw(
      `UPDATE job_search SET number = lowest.number - batch.place, user_id = jobs.user_id
         FROM unnest(?::text[]) WITH ORDINALITY AS batch (id, place) JOIN jobs ON jobs.id = batch.id,
              (SELECT least(0, min(number)) AS number FROM job_search) AS lowest
        WHERE job_search.job_id = batch.id AND job_search.number IS NULL`,
      [batch.map(({ id }) => id)],
    );
  }
}

async function ownSegments(db: Knex): Promise<void> {
  const [range] = await select<{ first: number | null; last: number | null }>(
    db,
    'SELECT min(id) AS first, max(id) AS last FROM segments',
  );
  const { first, last } = range ?? {};
  if (first == null || last == null) return;
  for (let begin = first; begin <= last; begin += BATCH) {
    await db.raw(
      `UPDATE segments SET user_id = jobs.user_id FROM jobs
        WHERE jobs.id = job_id AND segments.id >= ? AND segments.id < ? AND segments.user_id IS NULL`,
      [begin, begin + BATCH],
    );
  }
}

async function postgresUp(db: Knex): Promise<void> {
  await together(db, async (transaction) => {
    await addColumn(transaction, 'job_search', 'number', 'integer');
    for (const table of owned) await addColumn(transaction, table, 'user_id', 'integer');
    // Not an identity, which would number all rows at once, and keep everybody out meanwhile.
    await transaction.raw(
      'CREATE SEQUENCE IF NOT EXISTS job_search_number AS integer OWNED BY job_search.number',
    );
    await transaction.raw(
      `ALTER TABLE job_search ALTER COLUMN number SET DEFAULT nextval('job_search_number')`,
    );
    for (const statement of [...postgresFunctions, ...postgresTriggers]) {
      await transaction.raw(statement);
    }
  });
  await createIndexes(db, [numbers]);
  await numberJobs(db);
  await ownSegments(db);
  await createIndexes(db, wordIndexes);
  await dropIndexes(db, indexesBefore);
}

async function postgresDown(db: Knex): Promise<void> {
  await createIndexes(db, indexesBefore);
  await dropIndexes(db, [...wordIndexes, numbers]);
  await together(db, async (transaction) => {
    await transaction.raw('DROP TRIGGER IF EXISTS jobs_search_owner ON jobs');
    for (const table of owned) {
      await transaction.raw(`DROP TRIGGER IF EXISTS ${table}_owner ON ${table}`);
      await dropColumn(transaction, table, 'user_id');
    }
    await dropColumn(transaction, 'job_search', 'number');
    for (const name of ['searched_words', 'set_search_owner', 'change_search_owner']) {
      await transaction.raw(`DROP FUNCTION IF EXISTS ${name}`);
    }
  });
}

/**
 * Searches whose cost doesn't grow with the data: of everybody's and of one user's, the newest matches of a common
 * word are found without looking at the others. Words, and whose they are, are in one index; on SQLite that has an
 * order of its own, on PostgreSQL stretches of it can be asked for.
 */
export async function up(db: Knex): Promise<void> {
  await (isSqlite(db) ? sqliteUp(db) : postgresUp(db));
}

export async function down(db: Knex): Promise<void> {
  await (isSqlite(db) ? sqliteDown(db) : postgresDown(db));
}
