import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { useApi } from './harness/api.ts';
import { databases } from './harness/databases.ts';

/** A cursor with the right checksum, which is no secret, around any text. */
const forged = (text: string): string =>
  Buffer.from(crc32(text).toString(16).padStart(8, '0') + text).toString('base64url');

describe.each(databases)('hostile text on $name', (kind) => {
  const api = useApi(kind);

  test.each([
    'no JSON',
    '"a text"',
    '[]',
    '["jobs.created_at"]',
    '["jobs.created_at", "no time", "0198"]',
    '["jobs.created_at", "2026-13-41T00:00:00.000Z", "0198"]',
    '["jobs.created_at", null, "0198"]',
    '["jobs.created_at", "2026-01-01T00:00:00.000Z", {"a": 1}]',
    String.raw`["jobs.created_at", "2026-01-01T00:00:00.000Z", "\u0000"]`,
  ])('a forged cursor %s is refused', async (text) => {
    const { as } = await api.given.user();
    const query = 'query Page($after: String) { jobs(after: $after) { edges { cursor } } }';
    expect(await as.refusal(query, { after: forged(text) })).toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });

  test('a forged id of a user beyond the integers is refused', async () => {
    const { as } = await api.given.administrator();
    const after = forged('["users.username", "anna", 99999999999]');
    const query = `query Page($after: String) {
      users(after: $after, orderBy: { field: USERNAME }) { edges { cursor } }
    }`;
    expect(await as.refusal(query, { after })).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('the character NUL is refused, in a variable and in the operation', async () => {
    const { as } = await api.given.user();
    const byVariable =
      'query Page($model: String) { jobs(filter: { model: $model }) { totalCount } }';
    const literal = String.raw`{ jobs(filter: { model: "a\u0000b" }) { totalCount } }`;
    api.forgetStatements();
    const code = 'BAD_USER_INPUT';
    expect(await as.refusal(byVariable, { model: 'a\0b' })).toMatchObject({ code, status: 400 });
    expect(await as.refusal(literal)).toMatchObject({ code });
    expect(api.statements).toEqual([]);
  });

  test('half of a surrogate pair finds nothing and breaks nothing', async () => {
    const { as } = await api.given.user();
    const query = 'query Page($model: String) { jobs(filter: { model: $model }) { totalCount } }';
    expect(await as.query(query, { model: 'a\uD800b' })).toEqual({ jobs: { totalCount: 0 } });
  });

  describe.each(['of a declared length', 'in chunks'])('a body %s', (form) => {
    const send = (length: number) => {
      const text = JSON.stringify({ query: `{ __typename } ${' '.repeat(length)}` });
      // Fetch's types lack `duplex`, which its standard asks for where a body is a stream.
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: form === 'in chunks' ? new Blob([text]).stream() : text,
        duplex: 'half',
      };
      return fetch(api.url, init);
    };

    test('of more than a megabyte is refused', async () => {
      const refused = await send(1_000_000);
      expect(refused.status).toBe(413);
      expect(await refused.json()).toMatchObject({
        errors: [{ extensions: { code: 'BAD_REQUEST' } }],
      });
    });

    test('of less is read', async () => {
      const answer = await send(900_000);
      expect(await answer.json()).toEqual({ data: { __typename: 'Query' } });
    });
  });
});
