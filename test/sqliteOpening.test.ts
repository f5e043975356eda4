import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const run = promisify(execFile);
const client = new URL('../src/db/client.ts', import.meta.url).href;

/** The two meet within microseconds, or do not: so they try often. */
const FILES = 150;

/** Opens one new file after another, each at a moment of its own, and prints what went wrong. */
async function opensInStep(directory: string, startAt: number): Promise<string[]> {
  const script = `
    import { connect } from '${client}';
    const faults = [];
    for (let file = 0; file < ${FILES}; file += 1) {
      const filename = '${directory}/' + file + '.sqlite';
      while (Date.now() < ${startAt} + file * 15);
      const db = connect({ address: { kind: 'sqlite', filename }, poolSize: 1 });
      await db.raw('SELECT 1').catch((error) => faults.push(error.message));
      await db.destroy();
    }
    console.log(JSON.stringify(faults));`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  return JSON.parse(stdout);
}

test('two processes may open a new SQLite file at the same moment', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'whisper-opening-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const startAt = Date.now() + 1500;
  const faults = await Promise.all([
    opensInStep(directory, startAt),
    opensInStep(directory, startAt),
  ]);
  expect(faults.flat()).toEqual([]);
});
