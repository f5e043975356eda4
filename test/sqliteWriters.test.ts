import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { connect } from '../src/db/client.ts';
import { databases } from './harness/databases.ts';

const run = promisify(execFile);
const client = new URL('../src/db/client.ts', import.meta.url).href;

const PROCESSES = 4;
const TRANSACTIONS = 150;

/** Reads and then writes, in one transaction after the other, and prints what went wrong. */
async function counts(filename: string): Promise<string[]> {
  const script = `
    import { connect } from '${client}';
    const db = connect({ address: { kind: 'sqlite', filename: '${filename}' }, poolSize: 1 });
    const faults = [];
    for (let count = 0; count < ${TRANSACTIONS}; count += 1) {
      await db.transaction(async (transaction) => {
        const [{ value }] = await transaction('config').where('key', 'count');
        await new Promise(setImmediate);
        await transaction('config').where('key', 'count').update({ value: Number(value) + 1 });
      }).catch((error) => faults.push(error.message));
    }
    await db.destroy();
    console.log(JSON.stringify(faults));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  return JSON.parse(stdout);
}

async function givenFile() {
  const [sqlite] = databases;
  if (!sqlite) throw new Error('there is no database');
  const { address, drop } = await sqlite.create();
  const db = connect({ address, poolSize: 1 });
  const background = connect({ address, poolSize: 1, ownThread: true });
  onTestFinished(async () => {
    await Promise.all([db.destroy(), background.destroy()]);
    await drop();
  });
  await db('config').insert({ key: 'count', value: '0', updated_at: new Date().toISOString() });
  return { db, background, filename: address.kind === 'sqlite' ? address.filename : '' };
}

test('several processes may read and write one SQLite file, each in its turn', async () => {
  const { db, filename } = await givenFile();
  const faults = await Promise.all(Array.from({ length: PROCESSES }, () => counts(filename)));
  expect(faults.flat()).toEqual([]);
  const { value } = await db('config').where('key', 'count').first();
  expect(Number(value)).toBe(PROCESSES * TRANSACTIONS);
});

test('between two transactions everybody else has a turn', async () => {
  const { db } = await givenFile();
  let turns = 0;
  const turn = () => {
    turns += 1;
    pending = setImmediate(turn);
  };
  let pending = setImmediate(turn);
  const write = () => db.transaction((transaction) => transaction('config').update({ value: '1' }));
  for (let count = 0; count < 10; count += 1) await write();
  expect(turns).toBeGreaterThanOrEqual(10);
  turns = 0;
  await Promise.all(Array.from({ length: 10 }, write));
  expect(turns).toBeGreaterThanOrEqual(10);
  clearImmediate(pending);
});

test('a transaction on the other thread ends though this one waits for it', async () => {
  const { db, background } = await givenFile();
  const hold = await background.transaction();
  await hold('config').update({ value: 'background' });
  const waiting = db.transaction((transaction) => transaction('config').update({ value: 'db' }));
  // Its answer can't come while this thread stands still.
  await hold('config').first();
  await hold.commit();
  await waiting;
  expect(await db('config').first()).toMatchObject({ value: 'db' });
});
