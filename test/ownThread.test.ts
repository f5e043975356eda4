import { describe, expect, test } from 'vitest';
import { connect, select } from '../src/db/client.ts';
import { useApi } from './harness/api.ts';
import { databases } from './harness/databases.ts';

const countTo = (limit: number) =>
  `WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ${limit})
   SELECT count(*) AS count FROM counted`;

describe.each(databases)('the background connection on $name', (kind) => {
  const api = useApi(kind);

  test('reads and writes the same database, and gives the errors of the driver', async () => {
    const { background } = api.app;
    const { user } = await api.given.user();
    expect(await background('users').where({ id: user.id }).first('username')).toEqual({
      username: user.username,
    });
    await background.transaction(async (transaction) => {
      await transaction('users').where({ id: user.id }).update({ role: 'admin' });
    });
    expect(await api.db('users').where({ id: user.id }).first('role')).toEqual({ role: 'admin' });
    const clash = background('users').insert({ ...user, id: user.id + 1000 });
    await expect(clash).rejects.toMatchObject({
      code: expect.stringMatching(/^(SQLITE_CONSTRAINT_UNIQUE|23505)$/),
    });
  });

  test('lets requests be answered while a statement runs', async () => {
    let isDone = false;
    const slow = select(api.app.background, countTo(3_000_000)).then(() => {
      isDone = true;
    });
    for (let count = 0; count < 5; count += 1) await api.client.query('{ __typename }');
    expect(isDone).toBe(false);
    await slow;
  });
});

test('a thread that has ended is replaced by a new one', async () => {
  const db = connect({
    address: { kind: 'sqlite', filename: ':memory:' },
    poolSize: 1,
    ownThread: true,
  });
  const connection = await db.client.acquireConnection();
  await connection.close();
  await expect(connection.run('SELECT 1', [], false)).rejects.toThrow('has ended');
  await db.client.releaseConnection(connection);
  expect(await select(db, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await db.destroy();
});
