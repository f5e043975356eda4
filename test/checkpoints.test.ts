import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { copyLog, findLogState } from '../src/db/checkpoints.ts';
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
  const copy = (): Promise<void> => copyLog(api.app.plans, { long: 1, veryLong: 1 });

  /** As another process has one. */
  function givenConnection() {
    const db = connect({ address: api.config.database.address, poolSize: 1 });
    onTestFinished(() => db.destroy());
    return db;
  }

  /** Writes as many pages in one transaction. */
  async function writeMuch(): Promise<void> {
    const value = { value: 'x'.repeat(LONG * 4096), updated_at: '2026-01-01T00:00:00.000Z' };
    await api.db('config').insert({ key: randomUUID(), ...value });
    const { log, left } = await findState();
    expect(log).toBeGreaterThan(LONG);
    expect(left).toBe(log);
  }

  test('is copied by the monitor, which writes one step after the other', async () => {
    await writeMuch();
    await api.app.history.flush();
    expect((await findState()).left).toBe(0);
  });

  test('is left by those who write, copied by another thread, and begun anew', async () => {
    await writeMuch();
    await createJob();
    expect((await findState()).left).toBeGreaterThan(LONG);
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
