import { describe, expect, onTestFinished, test } from 'vitest';
import { createCheckpoints, findLogState } from '../src/db/checkpoints.ts';
import { connect } from '../src/db/client.ts';
import { useApi } from './harness/api.ts';
import { databases } from './harness/databases.ts';

/** Pages of the log from which on SQLite copies it by itself, in the COMMIT of who comes to them. */
const LONG = 1000;

describe('the log of SQLite', () => {
  const [sqlite] = databases;
  if (!sqlite) throw new Error('there is no database');
  const api = useApi(sqlite);

  async function createJob(): Promise<void> {
    const { as } = await api.given.user();
    await as.query(`mutation {
      createJob(input: { filename: "a.mp3", fileSizeBytes: 1, model: "small" }) { __typename }
    }`);
  }

  async function findState() {
    const { log, checkpointed } = await findLogState(api.app.background);
    return { log, left: log - checkpointed };
  }

  /** Copies whatever there is, with all that is done for a log that grows and grows. */
  const copy = (): Promise<void> =>
    createCheckpoints({
      db: api.app.plans,
      onFault: () => {},
      longLogPages: 1,
      veryLongLogPages: 1,
    }).copy();

  /** As another process has one. */
  function givenConnection() {
    const db = connect({ address: api.config.database.address, poolSize: 1 });
    onTestFinished(() => db.destroy());
    return db;
  }

  test('is left by those who write, copied by another thread, and begun anew', async () => {
    const value = 'x'.repeat(LONG * 4096);
    await api.db('config').insert({ key: 'large', value, updated_at: '2026-01-01T00:00:00.000Z' });
    await createJob();
    const { log, left } = await findState();
    expect(log).toBeGreaterThan(LONG);
    expect(left).toBe(log);
    api.app.checkpoints?.start();
    await expect.poll(async () => (await findState()).left).toBe(0);
    await createJob();
    expect((await findState()).log).toBeLessThan(LONG);
  });

  test('is copied as far as nobody reads what was before', async () => {
    const reader = givenConnection();
    await reader.raw('BEGIN');
    await reader('jobs').count();
    await createJob();
    await copy();
    expect((await findState()).left).toBeGreaterThan(0);
    await reader.raw('COMMIT');
    await copy();
    expect((await findState()).left).toBe(0);
  });

  test('is copied while somebody writes', async () => {
    await createJob();
    const transaction = await givenConnection().transaction();
    await transaction('config').update({ value: 'changed' });
    await copy();
    expect((await findState()).left).toBe(0);
    await transaction.commit();
    await createJob();
  });
});
