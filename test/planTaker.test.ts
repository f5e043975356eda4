import { describe, expect, test } from 'vitest';
import type { DatabasePlan } from '../src/perf/plan.ts';
import { createPlanTaker, type PlannedStatement } from '../src/perf/planTaker.ts';

const plan: DatabasePlan = {
  database: 'sqlite',
  rows: [{ id: 2, parent: 0, detail: 'SCAN jobs' }],
};

const statement = (hash: string): PlannedStatement => ({
  hash,
  sql: 'select * from jobs',
  bindings: [],
  rowCount: 1,
});

/** A taker whose clock and pauses are moved by hand. */
function takerOf(explain: (asked: PlannedStatement) => Promise<DatabasePlan | null>) {
  let now = Date.UTC(2026, 0, 1);
  let pauses: PromiseWithResolvers<void>[] = [];
  const asked: string[] = [];
  const errors: unknown[] = [];
  const taker = createPlanTaker({
    clock: () => new Date(now),
    pause() {
      const pause = Promise.withResolvers<void>();
      pauses.push(pause);
      return pause.promise;
    },
    explain(of) {
      asked.push(of.hash);
      return explain(of);
    },
    tableFacts: async () => new Map(),
    onError: (error) => errors.push(error),
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return {
    taker,
    asked,
    errors,
    settled,
    /** Lets what was asked for be taken, up to the next pause, and moves the clock. */
    async pass(ms: number) {
      now += ms;
      const ended = pauses;
      pauses = [];
      for (const pause of ended) pause.resolve();
      await settled();
    },
  };
}

describe('plans of slow queries', () => {
  test('are taken one in a pause, however many are asked for', async () => {
    const { taker, asked, pass, settled } = takerOf(async () => plan);
    for (const id of ['a', 'b', 'c']) taker.take(statement(id));
    await settled();
    expect(asked).toEqual(['a']);
    await pass(1000);
    expect(asked).toEqual(['a', 'b']);
    taker.take(statement('d'));
    await settled();
    expect(asked).toEqual(['a', 'b']);
    await pass(1000);
    await pass(1000);
    expect(asked).toEqual(['a', 'b', 'c', 'd']);
    expect(taker.planOf('a')?.readings.map(({ kind }) => kind)).toEqual(['full_scan']);
  });

  test('are taken of a statement once in ten minutes', async () => {
    const { taker, asked, pass, settled } = takerOf(async () => plan);
    taker.take(statement('a'));
    taker.take(statement('a'));
    await settled();
    await pass(1000);
    taker.take(statement('a'));
    await pass(1000);
    expect(asked).toEqual(['a']);
    await pass(600_000);
    taker.take(statement('a'));
    await settled();
    expect(asked).toEqual(['a', 'a']);
  });

  test('are not asked for without end: beyond fifty that wait, statements go without', async () => {
    const { taker, asked, pass } = takerOf(async () => plan);
    for (let id = 0; id < 200; id += 1) taker.take(statement(String(id)));
    for (let second = 0; second < 200; second += 1) await pass(1000);
    expect(asked).toHaveLength(50);
  });

  test('may fail: the error is told, the next is taken, and the earlier plan stays', async () => {
    let fails = false;
    const { taker, asked, errors, pass, settled } = takerOf(async () => {
      if (fails) throw new Error('the database is away');
      return plan;
    });
    taker.take(statement('a'));
    await settled();
    fails = true;
    await pass(600_000);
    taker.take(statement('a'));
    taker.take(statement('b'));
    await settled();
    await pass(1000);
    expect(errors).toHaveLength(2);
    expect(asked).toEqual(['a', 'a', 'b']);
    expect(taker.planOf('a')).not.toBeNull();
    expect(taker.planOf('b')).toBeNull();
  });

  test('end when they are stopped', async () => {
    const { taker, asked, pass, settled } = takerOf(async () => plan);
    taker.take(statement('a'));
    taker.take(statement('b'));
    await settled();
    taker.stop();
    await pass(1000);
    taker.take(statement('c'));
    await pass(1000);
    expect(asked).toEqual(['a']);
  });
});
