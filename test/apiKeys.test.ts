import { beforeAll, describe, expect, test } from 'vitest';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
import { globalId } from './harness/given.ts';

const CREATE = `mutation Create($name: String!) {
  createApiKey(name: $name) {
    __typename
    ... on CreateApiKeySuccess { data { key apiKey { id name createdAt revokedAt } } }
    ... on InvalidInputError { field message }
  }
}`;

const REVOKE = 'mutation Revoke($id: ID!) { revokeApiKey(id: $id) { id revokedAt } }';

const JOBS = '{ jobs { edges { node { id user { username } } } } }';

interface Created {
  createApiKey: { data: { key: string; apiKey: { id: string; name: string } } };
}

describe.each(databases)('API keys on $name', (kind) => {
  const api = useApi(kind);
  let as: Client;
  let administratorName: string;
  beforeAll(async () => {
    const administrator = await api.given.administrator();
    as = administrator.as;
    administratorName = administrator.user.username;
  });

  /** A new key, and a client that sends it. */
  async function givenKey(name = 'worker') {
    const { createApiKey } = await as.query<Created, object>(CREATE, { name });
    const { key, apiKey } = createApiKey.data;
    return { key, id: apiKey.id, worker: api.client.as(key) };
  }

  test('a key is shown once, and only its digest is stored', async () => {
    const { key } = await givenKey();
    expect(key).toMatch(/^wtk_[\w-]{43}$/);
    const stored = [await api.db('api_keys'), await api.db('audit_logs')];
    expect(JSON.stringify(stored)).not.toContain(key);
    expect(JSON.stringify(stored)).not.toContain(key.slice('wtk_'.length));
  });

  test('every key is another', async () => {
    const keys = [await givenKey(), await givenKey()].map(({ key }) => key);
    expect(new Set(keys).size).toBe(2);
  });

  test('opens everybody’s jobs, but not who uploaded them', async () => {
    const { worker } = await givenKey();
    const job = await api.given.job({ user: (await api.given.user()).user });
    expect(await worker.query(JOBS)).toMatchObject({
      jobs: { edges: expect.arrayContaining([{ node: { id: job.globalId, user: null } }]) },
    });
  });

  test('is nobody’s account', async () => {
    const { worker } = await givenKey();
    expect(await worker.query('{ viewer { id } }')).toEqual({ viewer: null });
  });

  test('does not open users one by one either', async () => {
    const { worker } = await givenKey();
    const { id } = await api.given.user();
    const query = 'query ($id: ID!) { user(id: $id) { id } node(id: $id) { id } }';
    expect(await worker.query(query, { id })).toEqual({ user: null, node: null });
  });

  test.each([
    '{ users { totalCount } }',
    '{ auditLogs { totalCount } }',
    '{ securityEvents { count } }',
    '{ userActivity { createdJobs } }',
    '{ performance { summary { since } } }',
    'mutation { createApiKey(name: "another") { __typename } }',
    `mutation { revokeApiKey(id: "${globalId('ApiKey', 1)}") { id } }`,
    `mutation { deactivateUser(id: "${globalId('User', 1)}") { __typename } }`,
    `mutation { updateUser(input: { id: "${globalId('User', 1)}", role: ADMIN }) { __typename } }`,
    'mutation { changePassword(currentPassword: "x", newPassword: "y") { __typename } }',
  ])('is not enough for %s', async (operation) => {
    const { worker } = await givenKey();
    expect(await worker.refusal(operation)).toMatchObject({ code: 'FORBIDDEN' });
  });

  test('that nobody made is refused', async () => {
    const unknown = api.client.as(`wtk_${'x'.repeat(43)}`);
    expect(await unknown.refusal(JOBS)).toEqual({
      code: 'UNAUTHENTICATED',
      message: 'The API key is not known.',
      status: 401,
    });
  });

  test('ends at once when it is revoked, and the others go on', async () => {
    const revoked = await givenKey();
    const other = await givenKey();
    await revoked.worker.query(JOBS);
    expect(await as.query(REVOKE, { id: revoked.id })).toEqual({
      revokeApiKey: { id: revoked.id, revokedAt: expect.stringMatching(/Z$/) },
    });
    expect(await revoked.worker.refusal(JOBS)).toEqual({
      code: 'UNAUTHENTICATED',
      message: 'The API key was revoked.',
      status: 401,
    });
    await other.worker.query(JOBS);
  });

  test('can be revoked once', async () => {
    const { id } = await givenKey();
    await as.query(REVOKE, { id });
    expect(await as.refusal(REVOKE, { id })).toMatchObject({ code: 'NOT_FOUND' });
  });

  test.each([
    ['of nothing', globalId('ApiKey', 999_999_999), 'NOT_FOUND'],
    ['of a user', globalId('User', 1), 'BAD_USER_INPUT'],
    ['that is none', 'nonsense', 'BAD_USER_INPUT'],
  ])('is not revoked by an id %s', async (_, id, code) => {
    expect(await as.refusal(REVOKE, { id })).toMatchObject({ code });
  });

  test.each(['', '   ', 'x'.repeat(101)])('is not made with the name %j', async (name) => {
    expect(await as.query(CREATE, { name })).toMatchObject({
      createApiKey: { __typename: 'InvalidInputError', field: 'name' },
    });
  });

  test('is made and revoked by administrators alone', async () => {
    const { as: user } = await api.given.user();
    const { id } = await givenKey();
    const operations = [
      [CREATE, { name: 'mine' }],
      [REVOKE, { id }],
    ] as const;
    for (const [operation, variables] of operations) {
      expect(await user.refusal(operation, variables)).toMatchObject({ code: 'FORBIDDEN' });
      expect(await api.client.refusal(operation, variables)).toMatchObject({
        code: 'UNAUTHENTICATED',
      });
    }
  });

  test('is noted in the audit log when it is made and when it is revoked', async () => {
    const { id } = await givenKey('gpu-box-2');
    await as.query(REVOKE, { id });
    const username = administratorName;
    expect(await api.db('audit_logs').where({ username, details: 'gpu-box-2' })).toMatchObject([
      { event_type: 'api_key_created', resource_type: 'api_key', endpoint: 'Create' },
      { event_type: 'api_key_revoked', resource_type: 'api_key', endpoint: 'Revoke' },
    ]);
  });
});
