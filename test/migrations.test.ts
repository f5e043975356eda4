import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Knex } from 'knex';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DatabaseAddress } from '../src/config.ts';
import { connect, select } from '../src/db/client.ts';
import { migrate } from '../src/db/migrate.ts';
import { startApi, type TestApi } from './harness/api.ts';
import { type DatabaseKind, databases } from './harness/databases.ts';
import { minutes } from './harness/given.ts';

const root = join(import.meta.dirname, '..');
const migrations = readdirSync(join(root, 'migrations')).sort();

const words = (text: string): string[] => text.trim().split(/\s+/);

/** The columns that the design names, and beside them only the ids of rows. */
const baseColumns = {
  users: words('id username email hashed_password role must_change_password created_at'),
  jobs: words(`id user_id original_filename saved_filename model status created_at updated_at
    started_at finished_at transcript_path log_path`),
  metadata: words(`job_id tokens duration abstract summary keywords language sample_rate wpm
    sentiment generated_at`),
  audit_logs: words(`id timestamp event_type severity user_id username client_ip user_agent endpoint
    method status_code resource_type resource_id session_id details`),
  config: words('key value updated_at'),
  user_settings: words('user_id key value updated_at'),
};

const latestColumns = {
  ...baseColumns,
  users: [...baseColumns.users, 'last_login', 'is_active'],
  jobs: [
    ...baseColumns.jobs,
    ...words('processing_time_seconds file_size_bytes duration_seconds'),
    ...words('priority run_after attempt max_attempts claimed_by lease_expires_at progress'),
    ...words('error_message idempotency_key deadline_at remaining_seconds error_code'),
  ],
  performance_metrics: words(`id timestamp metric_type metric_name value unit tags batch
    resolution_seconds due_at series family name_hash operation client
    calls errors row_count hits max_value histogram`),
  query_performance_logs: words(`id timestamp query_type execution_time_ms query_text table_name
    user_id endpoint row_count statement_hash client request_id`),
  segments: words(`id job_id position start_seconds end_seconds text speaker
    average_log_probability no_speech_probability words`),
  queue_turns: words('user_id model waiting turn'),
  api_keys: words('id name key_hash created_by created_at revoked_at'),
};

/** As the design has them. */
const indexes = {
  users: words(`idx_users_username(username) idx_users_role(role) idx_users_active(is_active)
    idx_users_created_at(created_at) idx_users_last_login(last_login)
    idx_users_role_active(role,is_active) idx_users_active_created(is_active,created_at)`),
  jobs: words(`idx_jobs_status(status) idx_jobs_created_at(created_at) idx_jobs_user_id(user_id)
    idx_jobs_model(model) idx_jobs_processing_time(processing_time_seconds)
    idx_jobs_file_size(file_size_bytes) idx_jobs_duration(duration_seconds)
    idx_jobs_user_status_created(user_id,status,created_at)
    idx_jobs_status_model_created(status,model,created_at)
    idx_jobs_created_status_model(created_at,status,model)`),
  metadata: words(`idx_metadata_language(language) idx_metadata_generated_at(generated_at)
    idx_metadata_duration(duration) idx_metadata_tokens(tokens)
    idx_metadata_lang_duration(language,duration) idx_metadata_lang_tokens(language,tokens)
    idx_metadata_generated_lang(generated_at,language)`),
  audit_logs: words(`idx_audit_endpoint_time(endpoint,timestamp)
    idx_audit_ip_event_time(client_ip,event_type,timestamp)
    idx_audit_user_event_time(user_id,event_type,timestamp)
    idx_audit_severity_event_time(severity,event_type,timestamp)`),
};

/** Everything that is in a database but its rows, as its own catalogue says it. */
const catalogues: Record<DatabaseKind['name'], string> = {
  SQLite: 'SELECT type, name, sql FROM sqlite_master ORDER BY type, name',
  PostgreSQL: `
    SELECT 'index' AS type, c.relname AS name, pg_get_indexdef(c.oid) || i.indisvalid AS sql
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
     WHERE c.relnamespace = 'public'::regnamespace
     UNION ALL
    SELECT 'column', table_name || '.' || column_name,
           concat_ws(' ', data_type, is_nullable, column_default, is_identity, collation_name)
      FROM information_schema.columns WHERE table_schema = 'public'
     UNION ALL
    SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
     UNION ALL
    SELECT 'option', attrelid::regclass || '.' || attname, attoptions::text
      FROM pg_attribute WHERE attoptions IS NOT NULL
     UNION ALL
    SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
     ORDER BY 1, 2, 3`,
};

interface CatalogueEntry {
  type: string;
  name: string;
  sql: string | null;
}

const catalogueOf = (kind: DatabaseKind, db: Knex): Promise<CatalogueEntry[]> =>
  select<CatalogueEntry>(db, catalogues[kind.name]);

const tables = async (kind: DatabaseKind, db: Knex): Promise<string[]> => {
  const entries = await catalogueOf(kind, db);
  const names =
    kind.name === 'SQLite'
      ? entries.filter(({ type }) => type === 'table').map(({ name }) => name)
      : entries.filter(({ type }) => type === 'column').map(({ name }) => name.split('.')[0] ?? '');
  return [...new Set(names)].filter((name) => !/^(knex|sqlite)_/.test(name)).sort();
};

/** A database for a test, and a connection to it; both gone after it. */
async function givenDatabase(kind: DatabaseKind, options?: { empty: boolean }) {
  const database = await kind.create(options);
  const db = connect({ address: database.address, poolSize: 2 });
  onTestFinished(async () => {
    await db.destroy();
    await database.drop();
  });
  return { ...database, db };
}

/** What a database is like that was migrated without any trouble. */
async function expectMigrated(kind: DatabaseKind, db: Knex): Promise<void> {
  const { db: untroubled } = await givenDatabase(kind);
  expect(await catalogueOf(kind, db)).toEqual(await catalogueOf(kind, untroubled));
  expect(await db('knex_migrations').orderBy('id').pluck('name')).toEqual(migrations);
}

const urlOf = (address: DatabaseAddress): string =>
  address.kind === 'sqlite' ? `sqlite:${address.filename}` : address.url;

const run = promisify(execFile);

/** `npx knex …`, as an operator calls it. */
const knexCli = (address: DatabaseAddress, command: string) =>
  run(process.execPath, [join(root, 'node_modules/knex/bin/cli.js'), command], {
    cwd: root,
    env: { DATABASE_URL: urlOf(address) },
  });

/** Where a process is killed: right after so many statements that begin like this. */
interface Death {
  after: number;
  statements: string;
}

/** A process that migrates and prints the names of what ran, unless it dies. */
async function migratingProcess(address: DatabaseAddress, death?: Death): Promise<string> {
  const script = `
    import { connect } from '${root}/src/db/client.ts';
    import { migrate } from '${root}/src/db/migrate.ts';
    const { address, death } = JSON.parse(process.argv[1]);
    let sent = 0;
    const onStatement = ({ sql }) => {
      if (!death || !sql.startsWith(death.statements)) return;
      sent += 1;
      if (sent === death.after) process.kill(process.pid, 'SIGKILL');
    };
    const db = connect({ address, poolSize: 2, onStatement });
    console.log(JSON.stringify(await migrate(db, address)));
    await db.destroy();`;
  const argument = JSON.stringify({ address, death });
  const options = ['--input-type=module', '-e', script, argument];
  const { stdout } = await run(process.execPath, options);
  return stdout.trim();
}

/** Rows in every table that there is. */
async function fill({ given, db }: TestApi): Promise<void> {
  const { user } = await given.administrator({ last_login: minutes(1) });
  const job = await given.job({ user, original_filename: 'standup.mp3', duration_seconds: 60 });
  await given.metadata({ job, abstract: 'Of whales.' });
  await given.segments(job, ['Of whales', 'and of men.']);
  await given.auditLog({ user_id: user.id });
  await db('config').insert({ key: 'colour', value: 'blue', updated_at: minutes(0) });
  await db('user_settings').insert({
    user_id: user.id,
    key: 'k',
    value: 'v',
    updated_at: minutes(0),
  });
  await db('api_keys').insert({
    name: 'worker',
    key_hash: 'x',
    created_by: user.id,
    created_at: minutes(0),
  });
  await db('performance_metrics').insert({
    timestamp: minutes(0),
    metric_type: 'operation',
    metric_name: 'Jobs',
    value: 1,
    unit: 'ms',
    tags: '{}',
  });
  await db('query_performance_logs').insert({
    timestamp: minutes(0),
    query_type: 'select',
    execution_time_ms: 1,
    query_text: 'SELECT 1',
  });
}

/** The rows of the tables that the application had, in the columns that it had. */
async function baseRows(db: Knex): Promise<Record<string, unknown[]>> {
  const rows: Record<string, unknown[]> = {};
  for (const [table, columns] of Object.entries(baseColumns)) {
    rows[table] = await db(table).select(columns);
    expect(rows[table].length, table).toBeGreaterThan(0);
  }
  return rows;
}

async function columnsOf(db: Knex, table: string): Promise<string[]> {
  return Object.keys(await db(table).columnInfo()).sort();
}

describe.each(databases)('the migrations on $name', (kind) => {
  test('make all tables, with these columns', async () => {
    const { db } = await givenDatabase(kind);
    for (const [table, columns] of Object.entries(latestColumns)) {
      const found = await columnsOf(db, table);
      // PostgreSQL keeps the words of a segment in it, and whose they are.
      const ofSearch =
        table === 'segments' && kind.name === 'PostgreSQL' ? ['document', 'user_id'] : [];
      expect(found).toEqual([...columns, ...ofSearch].toSorted());
    }
  });

  test('make all indexes, on these columns', async () => {
    const { db } = await givenDatabase(kind);
    const found = (await catalogueOf(kind, db)).flatMap(({ type, sql }) => {
      const [, name, table, columns] =
        /INDEX (\w+) ON (?:public\.)?(\w+) (?:USING btree )?\((.*)\)/.exec(sql ?? '') ?? [];
      const plain = columns?.replaceAll(/[ "]/g, '');
      return type === 'index' && name ? [`${table}: ${name}(${plain})`] : [];
    });
    const expected = Object.entries(indexes).flatMap(([table, list]) =>
      list.map((index) => `${table}: ${index}`),
    );
    expect(found).toEqual(expect.arrayContaining(expected));
  });

  test('undone to the first leave the tables as the application had them', async () => {
    const { db } = await givenDatabase(kind);
    for (const _ of migrations.slice(1)) await db.migrate.down();
    expect(await tables(kind, db)).toEqual(Object.keys(baseColumns).sort());
    for (const [table, columns] of Object.entries(baseColumns)) {
      expect(await columnsOf(db, table)).toEqual(columns.toSorted());
    }
    const left = (await catalogueOf(kind, db)).filter(({ name }) => name.startsWith('idx_'));
    expect(left).toEqual([]);
  });

  test('undone one by one and done again keep the rows that were there before them', async () => {
    const database = await kind.create();
    const api = await startApi(database);
    onTestFinished(async () => {
      await api.stop();
      await database.drop();
    });
    await fill(api);
    const before = await baseRows(api.db);
    for (const name of migrations.slice(1).reverse()) {
      const [, undone] = await api.db.migrate.down();
      expect(undone.map((path: string) => path.split('/').at(-1))).toEqual([name]);
      expect(await baseRows(api.db), name).toEqual(before);
    }
    expect(await migrate(api.db, database.address)).toEqual(migrations.slice(1));
    expect(await baseRows(api.db)).toEqual(before);
    await expectMigrated(kind, api.db);
    const { as } = await api.given.administrator();
    expect(
      await as.query('{ searchJobs(query: "whales standup") { edges { node { score } } } }'),
    ).toMatchObject({ searchJobs: { edges: [{}] } });
  });

  test('undone all leave nothing, and can be done again', async () => {
    const { db, address } = await givenDatabase(kind);
    for (const _ of migrations) await db.migrate.down();
    expect(await tables(kind, db)).toEqual([]);
    expect(await migrate(db, address)).toEqual(migrations);
    await expectMigrated(kind, db);
  });

  test('are done once: a second run finds nothing to do', async () => {
    const { db, address } = await givenDatabase(kind);
    expect(await migrate(db, address)).toEqual([]);
  });

  test('are run by Knex’s command line, which undoes one or all of them', async () => {
    const { db, address } = await givenDatabase(kind, { empty: true });
    const latest = await knexCli(address, 'migrate:latest');
    expect(latest.stdout).toContain(`Batch 1 run: ${migrations.length} migrations`);
    await expectMigrated(kind, db);
    expect((await knexCli(address, 'migrate:down')).stdout).toContain(migrations.at(-1));
    expect((await knexCli(address, 'migrate:latest')).stdout).toContain('1 migrations');
    await knexCli(address, 'migrate:rollback');
    expect(await db('knex_migrations')).toHaveLength(migrations.length - 1);
    await knexCli(address, 'migrate:rollback');
    expect(await tables(kind, db)).toEqual([]);
  });

  describe('cut off', () => {
    const deaths: Death[] = [
      ...[1, 50].map((after) => ({ after, statements: '' })),
      // Between what a migration did and Knex's note that it did.
      ...[1, 2, 3, 4, 5, 6].map((after) => ({ after, statements: 'COMMIT' })),
      // Between two indexes, which are in no transaction.
      ...[1, 40].map((after) => ({ after, statements: 'CREATE INDEX' })),
    ];

    test.each(deaths)('after statement $after of "$statements…" are taken up', async (death) => {
      const { db, address } = await givenDatabase(kind, { empty: true });
      await expect(migratingProcess(address, death)).rejects.toMatchObject({ signal: 'SIGKILL' });
      await migrate(db, address);
      await expectMigrated(kind, db);
    });

    test('with Knex’s lock left behind are taken up', async () => {
      const { db, address } = await givenDatabase(kind);
      await db.migrate.down();
      await db('knex_migrations_lock').update({ is_locked: 1 });
      expect(await migrate(db, address)).toEqual(migrations.slice(-1));
      await expectMigrated(kind, db);
    });
  });

  test('by two processes at once are done by one of them', async () => {
    const { db, address } = await givenDatabase(kind, { empty: true });
    const outputs = await Promise.all([migratingProcess(address), migratingProcess(address)]);
    expect(outputs.sort()).toEqual([JSON.stringify(migrations), '[]'].sort());
    await expectMigrated(kind, db);
  });
});

const postgres = databases.filter(({ name }) => name === 'PostgreSQL');

describe.each(postgres)('the migrations on $name, where others write meanwhile,', (kind) => {
  test('build and drop each index of a table in use concurrently', async () => {
    const { address } = await givenDatabase(kind, { empty: true });
    const sent: string[] = [];
    const db = connect({ address, poolSize: 2, onStatement: ({ sql }) => sent.push(sql) });
    await migrate(db, address);
    for (const _ of migrations) await db.migrate.down();
    await db.destroy();
    const created = sent.filter((sql) => /^CREATE (UNIQUE )?INDEX/.test(sql));
    expect(created.length).toBeGreaterThan(50);
    // These two are on tables that their migration has just made.
    const blocking = created.filter((sql) => !sql.includes('INDEX CONCURRENTLY'));
    expect(blocking.map((sql) => sql.split(' ')[2])).toEqual([
      'idx_job_search_document',
      'idx_segments_document',
    ]);
    const dropped = sent.filter((sql) => sql.startsWith('DROP INDEX'));
    expect(dropped.filter((sql) => !sql.includes('CONCURRENTLY'))).toEqual([]);
  });

  test('build an index anew that a cut-off build left invalid', async () => {
    const { db, address } = await givenDatabase(kind);
    for (const _ of migrations.slice(1)) await db.migrate.down();
    const user = {
      hashed_password: 'x',
      role: 'user',
      must_change_password: false,
      created_at: minutes(0),
    };
    await db('users').insert(
      ['one', 'two'].map((name) => ({ ...user, username: name, email: name })),
    );
    // Two users of one role: the build fails half-way, as one does whose process is killed.
    await expect(
      db.raw('CREATE UNIQUE INDEX CONCURRENTLY idx_users_role ON users (role)'),
    ).rejects.toThrow('could not create unique index');
    await migrate(db, address);
    await expectMigrated(kind, db);
  });
});
