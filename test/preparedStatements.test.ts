import { describe, expect, test } from 'vitest';
import { useApi } from './harness/api.ts';
import { databases } from './harness/databases.ts';

/** Only PostgreSQL tells what it has prepared. */
const onPostgres = databases.filter(({ name }) => name === 'PostgreSQL');

describe.each(onPostgres)('prepared statements on $name', (kind) => {
  // What is prepared belongs to a connection, so there is one alone.
  const api = useApi(kind, { poolSize: 1 });

  test('are given up with their connection when it has more than 500', async () => {
    for (let number = 0; number < 600; number += 1) await api.db.raw(`SELECT ${number}`);
    const prepared = await api.db('pg_prepared_statements').select('name');
    expect(prepared.length).toBeGreaterThan(50);
    expect(prepared.length).toBeLessThan(150);
  });
});
