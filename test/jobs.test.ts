import { describe, expect, test } from 'vitest';
import { useApi } from './harness/api.ts';
import { databases } from './harness/databases.ts';

describe.each(databases)('jobs on $name', (kind) => {
  const api = useApi(kind);

  test('a user does not see the job of another', async () => {
    const owner = await api.given.user();
    const other = await api.given.user();
    const job = await api.given.job({ user: owner.user });
    const query = 'query Job($id: ID!) { job(id: $id) { id } }';
    expect(await owner.as.query(query, { id: job.globalId })).toEqual({
      job: { id: job.globalId },
    });
    expect(await other.as.query(query, { id: job.globalId })).toEqual({ job: null });
  });
});
