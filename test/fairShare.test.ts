import { beforeEach, describe, expect, test } from 'vitest';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
import { claimed, createdJob, lease, movableClock } from './harness/queue.ts';

describe.each(databases)('the order of the queue on $name', (kind) => {
  const { clock, pass } = movableClock();
  const api = useApi(kind, { clock });
  let worker: Client;
  beforeEach(async () => {
    await api.db('jobs').delete();
    await api.db('queue_turns').delete();
    worker = (await api.given.worker()).as;
  });

  /** Somebody whose jobs are named after them, `ada-0` first. */
  async function givenPerson(name: string) {
    const { as, user } = await api.given.user();
    let count = 0;
    const sends = async (input: object = {}): Promise<void> => {
      pass(1);
      await createdJob(as, { filename: `${name}-${count}`, ...input });
      count += 1;
    };
    return { user, sends };
  }

  /** The names of the jobs that are given, one after the other, until there are none. */
  async function taken(most: number, models = ['small']): Promise<string[]> {
    const names: string[] = [];
    while (names.length < most) {
      const found = await claimed(worker, models);
      if (!found) break;
      names.push(found.job.originalFilename);
    }
    return names;
  }

  test('of one user, the highest priority goes first, then the oldest', async () => {
    const { sends } = await givenPerson('ada');
    for (const priority of [0, 5, 5, -1, 100]) await sends({ priority });
    expect(await taken(9)).toEqual(['ada-4', 'ada-1', 'ada-2', 'ada-0', 'ada-3']);
  });

  test('so it does where the worker has several models', async () => {
    const { sends } = await givenPerson('ada');
    await sends({ model: 'large' });
    await sends({ model: 'small', priority: 1 });
    await sends({ model: 'base' });
    await sends({ model: 'tiny', priority: 9 });
    expect(await taken(9, ['tiny', 'base', 'small', 'large'])).toEqual([
      'ada-3',
      'ada-1',
      'ada-0',
      'ada-2',
    ]);
  });

  test('a user with many jobs holds up nobody by more than the job that is worked on', async () => {
    const [ada, bob] = [await givenPerson('ada'), await givenPerson('bob')];
    for (let count = 0; count < 20; count += 1) await ada.sends({ priority: 100 });
    expect(await taken(3)).toEqual(['ada-0', 'ada-1', 'ada-2']);
    await bob.sends();
    await bob.sends({ priority: -100 });
    expect(await taken(5)).toEqual(['bob-0', 'ada-3', 'bob-1', 'ada-4', 'ada-5']);
    // Nor does somebody who comes back.
    await bob.sends();
    expect(await taken(1)).toEqual(['bob-2']);
  });

  test('several workers give a new user the next job that any of them takes', async () => {
    const [ada, bob] = [await givenPerson('ada'), await givenPerson('bob')];
    for (let count = 0; count < 20; count += 1) await ada.sends();
    const workers = await Promise.all(
      Array.from({ length: 4 }, async () => (await api.given.worker()).as),
    );
    for (const as of workers) await lease(as);
    await bob.sends();
    const next = await Promise.all(workers.map((as) => lease(as)));
    expect(next.map(({ job }) => job.originalFilename)).toContain('bob-0');
  });

  test('a user with jobs for many models has no more turns than others', async () => {
    const [ada, bob] = [await givenPerson('ada'), await givenPerson('bob')];
    const models = ['tiny', 'base', 'small', 'medium'];
    for (const model of [...models, ...models]) await ada.sends({ model });
    for (const model of ['medium', 'medium', 'medium']) await bob.sends({ model });
    const names = (await taken(6, models)).map((name) => name.split('-')[0]);
    expect(names).toEqual(['ada', 'bob', 'ada', 'bob', 'ada', 'bob']);
    // A model that they never asked for before makes nobody new.
    await bob.sends({ model: 'tiny' });
    await ada.sends({ model: 'large-v3' });
    expect((await taken(2, [...models, 'large-v3'])).map((name) => name.split('-')[0])).toEqual([
      'ada',
      'bob',
    ]);
  });

  test('who sends one job after the other goes before nobody who waits', async () => {
    const people = [];
    for (const name of ['ada', 'bob', 'eve']) people.push(await givenPerson(name));
    for (const { sends } of people) {
      await sends();
      await sends();
    }
    const [first] = people;
    const names: string[] = [];
    for (let count = 0; count < 6; count += 1) {
      names.push(...(await taken(1)));
      await first?.sends();
    }
    expect(names.map((name) => name.split('-')[0])).toEqual([
      'ada',
      'bob',
      'eve',
      'ada',
      'bob',
      'eve',
    ]);
  });

  test('jobs that no worker can run hold up nobody', async () => {
    for (let count = 0; count < 5; count += 1) {
      const { sends } = await givenPerson(`other${count}`);
      await sends({ model: 'nobody-has-this' });
    }
    const { sends } = await givenPerson('ada');
    await sends({ model: 'nobody-has-this', priority: 100 });
    await sends();
    expect(await taken(9)).toEqual(['ada-1']);
  });

  test('a job waits for its time, and holds up no other meanwhile', async () => {
    const { sends } = await givenPerson('ada');
    const runAfter = new Date(clock().getTime() + 100_000).toISOString();
    await sends({ runAfter, priority: 100 });
    await sends({ runAfter: '2001-01-01T00:00:00Z' });
    expect(await taken(9)).toEqual(['ada-1']);
    pass(97);
    await api.app.sweeper.sweep();
    expect(await taken(9)).toEqual([]);
    pass(1);
    await api.app.sweeper.sweep();
    expect(await taken(9)).toEqual(['ada-0']);
  });

  test('very many jobs whose time comes at once all come into line', async () => {
    const { sends, user } = await givenPerson('ada');
    await sends({ runAfter: new Date(clock().getTime() + 10_000).toISOString() });
    const [{ id: _, ...row }] = await api.db('jobs').where('user_id', user.id);
    await api.db.batchInsert(
      'jobs',
      Array.from({ length: 450 }, (_row, index) => ({ ...row, id: `due-${index}` })),
      50,
    );
    pass(10);
    await api.app.sweeper.sweep();
    expect(await api.db('queue_turns').where('user_id', user.id)).toMatchObject([{ waiting: 451 }]);
  });

  test('the number in line is right after all that may happen to jobs', async () => {
    const { sends, user } = await givenPerson('ada');
    for (let count = 0; count < 6; count += 1) await sends();
    const jobs = await api.db('jobs').where('user_id', user.id).orderBy('id');
    await api.db('jobs').where('id', jobs[0].id).update({ status: 'cancelled' });
    await api.db('jobs').where('id', jobs[1].id).update({ run_after: '2999-01-01T00:00:00.000Z' });
    await api.db('jobs').where('id', jobs[2].id).update({ model: 'large-v3' });
    await api.db('jobs').where('id', jobs[3].id).delete();
    await lease(worker);
    const waiting = { small: 1, 'large-v3': 1 };
    const turns: { model: 'small' | 'large-v3'; waiting: number }[] = await api
      .db('queue_turns')
      .where('user_id', user.id);
    expect(Object.fromEntries(turns.map((turn) => [turn.model, turn.waiting]))).toEqual(waiting);
  });
});
