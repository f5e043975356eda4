import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestApi, useApi } from './harness/api.ts';
import { Client } from './harness/client.ts';
import { type DatabaseKind, databases } from './harness/databases.ts';
import { globalId, PASSWORD } from './harness/given.ts';

const NEW_PASSWORD = 'a password of my own';

const userFields = 'data { id username email role isActive mustChangePassword }';

const CREATE = `mutation Create($input: CreateUserInput!) {
  createUser(input: $input) {
    __typename
    ... on CreateUserSuccess { ${userFields} }
    ... on UsernameTakenError { username }
    ... on EmailTakenError { email }
    ... on InvalidInputError { field }
    ... on PayloadError { message }
  }
}`;

const UPDATE = `mutation Update($input: UpdateUserInput!) {
  updateUser(input: $input) {
    __typename
    ... on UpdateUserSuccess { ${userFields} }
    ... on EmailTakenError { email }
    ... on InvalidInputError { field }
    ... on PayloadError { message }
  }
}`;

const DEACTIVATE = `mutation Deactivate($id: ID!) {
  deactivateUser(id: $id) {
    __typename
    ... on DeactivateUserSuccess { ${userFields} }
    ... on PayloadError { message }
  }
}`;

interface Payload {
  __typename: string;
  data: { id: string; username: string };
}

/** The payload of the operation's one mutation. */
async function payloadOf(client: Client, operation: string, variables: object): Promise<Payload> {
  const data = await client.query<Record<string, Payload>, object>(operation, variables);
  const [payload] = Object.values(data);
  if (!payload) throw new Error('there is no payload');
  return payload;
}

let counter = 0;
const newUser = (fields: object = {}) => {
  counter += 1;
  const username = `new${counter}`;
  return { username, email: `${username}@example.org`, password: NEW_PASSWORD, ...fields };
};

/**
 * Runs requests that all have read before any of them ends: on PostgreSQL their transactions wait for
 * the audit log. SQLite has one connection, so there they come one after the other.
 */
async function atOnce<Result>(
  kind: DatabaseKind,
  { db }: TestApi,
  requests: () => Promise<Result>[],
): Promise<Result[]> {
  if (kind.name === 'SQLite') return Promise.all(requests());
  const hold = await db.transaction();
  await hold.raw('LOCK TABLE audit_logs IN EXCLUSIVE MODE');
  const running = requests();
  await expect
    .poll(async () => {
      const { rows } = await db.raw(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      return rows.length;
    })
    .toBe(running.length)
    .finally(() => hold.commit());
  return Promise.all(running);
}

describe.each(databases)('accounts on $name', (kind) => {
  const api = useApi(kind);
  let as: Client;
  let administratorName: string;
  beforeEach(async () => {
    const administrator = await api.given.administrator();
    as = administrator.as;
    administratorName = administrator.user.username;
  });

  const auditOf = (username: string) => api.db('audit_logs').where({ username });

  describe('createUser', () => {
    test('makes a user who can log in and has to change the password', async () => {
      const input = newUser();
      const { username, email } = input;
      const payload = await payloadOf(as, CREATE, { input });
      expect(payload).toMatchObject({
        __typename: 'CreateUserSuccess',
        data: { username, email, role: 'USER', isActive: true, mustChangePassword: true },
      });
      const login = `mutation { login(username: "${username}", password: "${NEW_PASSWORD}") { __typename } }`;
      expect(await api.client.query(login)).toEqual({ login: { __typename: 'LoginSuccess' } });
    });

    test('makes an administrator where that is asked for', async () => {
      const payload = await payloadOf(as, CREATE, { input: newUser({ role: 'ADMIN' }) });
      expect(payload.data).toMatchObject({ role: 'ADMIN' });
    });

    test('refuses a user name that is taken', async () => {
      const { user } = await api.given.user();
      const payload = await payloadOf(as, CREATE, { input: newUser({ username: user.username }) });
      expect(payload).toEqual({
        __typename: 'UsernameTakenError',
        username: user.username,
        message: `The user name "${user.username}" is taken.`,
      });
    });

    test('refuses an address that is taken', async () => {
      const { user } = await api.given.user();
      const payload = await payloadOf(as, CREATE, { input: newUser({ email: user.email }) });
      expect(payload).toEqual({
        __typename: 'EmailTakenError',
        email: user.email,
        message: `Another user has the address "${user.email}".`,
      });
    });

    test.each([
      ['username', 'x'],
      ['username', 'Upper'],
      ['username', '-dash'],
      ['username', 'x'.repeat(65)],
      ['email', 'nobody'],
      ['email', 'two words@example.org'],
      ['email', `${'x'.repeat(250)}@x.org`],
      ['password', 'too short'],
      ['password', 'x'.repeat(1025)],
    ])('refuses a %s such as %j', async (field, value) => {
      const payload = await payloadOf(as, CREATE, { input: newUser({ [field]: value }) });
      expect(payload).toMatchObject({ __typename: 'InvalidInputError', field });
    });

    test('of the same name twice at once makes one user', async () => {
      const { username } = newUser();
      const inputs = [newUser({ username }), newUser({ username })];
      const payloads = await atOnce(kind, api, () =>
        inputs.map((input) => payloadOf(as, CREATE, { input })),
      );
      expect(payloads.map(({ __typename }) => __typename).sort()).toEqual([
        'CreateUserSuccess',
        'UsernameTakenError',
      ]);
      expect(await api.db('users').where({ username })).toHaveLength(1);
    });

    test('of the same address twice at once makes one user', async () => {
      const { email } = newUser();
      const inputs = [newUser({ email }), newUser({ email })];
      const payloads = await atOnce(kind, api, () =>
        inputs.map((input) => payloadOf(as, CREATE, { input })),
      );
      expect(payloads.map(({ __typename }) => __typename).sort()).toEqual([
        'CreateUserSuccess',
        'EmailTakenError',
      ]);
    });
  });

  describe('updateUser', () => {
    test('changes what is given and leaves the rest', async () => {
      const { user, id } = await api.given.user();
      const payload = await payloadOf(as, UPDATE, { input: { id, role: 'ADMIN' } });
      expect(payload.data).toMatchObject({ id, email: user.email, role: 'ADMIN', isActive: true });
    });

    test('makes a right hold at once', async () => {
      const { as: promoted, id } = await api.given.user();
      const users = '{ users { totalCount } }';
      expect(await promoted.refusal(users)).toMatchObject({ code: 'FORBIDDEN' });
      await payloadOf(as, UPDATE, { input: { id, role: 'ADMIN' } });
      await promoted.query(users);
    });

    test('opens a closed account again', async () => {
      const { as: closed, id } = await api.given.user({ is_active: false });
      await payloadOf(as, UPDATE, { input: { id, isActive: true } });
      expect(await closed.query('{ viewer { id } }')).toEqual({ viewer: { id } });
    });

    test('sets a password, which has to be changed', async () => {
      const { user, id } = await api.given.user();
      const payload = await payloadOf(as, UPDATE, { input: { id, password: NEW_PASSWORD } });
      expect(payload.data).toMatchObject({ mustChangePassword: true });
      const login = `mutation { login(username: "${user.username}", password: "${NEW_PASSWORD}") { __typename } }`;
      expect(await api.client.query(login)).toEqual({ login: { __typename: 'LoginSuccess' } });
    });

    test('refuses the address of another user, and takes their own', async () => {
      const other = await api.given.user();
      const { user, id } = await api.given.user();
      expect(await payloadOf(as, UPDATE, { input: { id, email: other.user.email } })).toMatchObject(
        { __typename: 'EmailTakenError', email: other.user.email },
      );
      expect(await payloadOf(as, UPDATE, { input: { id, email: user.email } })).toMatchObject({
        __typename: 'UpdateUserSuccess',
      });
    });

    test('gives an address that two users ask for at once to one of them', async () => {
      const { email } = newUser();
      const users = [await api.given.user(), await api.given.user()];
      const payloads = await atOnce(kind, api, () =>
        users.map(({ id }) => payloadOf(as, UPDATE, { input: { id, email } })),
      );
      expect(payloads.map(({ __typename }) => __typename).sort()).toEqual([
        'EmailTakenError',
        'UpdateUserSuccess',
      ]);
    });

    test.each([
      ['email', { email: 'nobody' }],
      ['password', { password: 'too short' }],
      ['email', {}],
      ['email', { email: null, role: null, isActive: null, password: null }],
    ])('names %s where %j can not be used', async (field, changes) => {
      const { id } = await api.given.user();
      const payload = await payloadOf(as, UPDATE, { input: { id, ...changes } });
      expect(payload).toMatchObject({ __typename: 'InvalidInputError', field });
    });
  });

  test('deactivateUser closes the account and keeps its jobs', async () => {
    const { user, id } = await api.given.user();
    const job = await api.given.job({ user });
    const payload = await payloadOf(as, DEACTIVATE, { id });
    expect(payload.data).toMatchObject({ id, isActive: false });
    expect(await as.query(`{ job(id: "${job.globalId}") { user { id } } }`)).toEqual({
      job: { user: { id } },
    });
  });

  const mutations = (id: string) => ({
    createUser: { operation: CREATE, variables: { input: newUser() }, event: 'user_created' },
    updateUser: {
      operation: UPDATE,
      variables: { input: { id, role: 'ADMIN', password: NEW_PASSWORD } },
      event: 'user_updated',
    },
    deactivateUser: { operation: DEACTIVATE, variables: { id }, event: 'user_deactivated' },
  });

  const names = ['createUser', 'updateUser', 'deactivateUser'] as const;

  describe.each(names)('%s', (name) => {
    test('is for administrators', async () => {
      const { as: user, id } = await api.given.user();
      const { operation, variables } = mutations(id)[name];
      expect(await user.refusal(operation, variables)).toMatchObject({ code: 'FORBIDDEN' });
      expect(await api.client.refusal(operation, variables)).toMatchObject({
        code: 'UNAUTHENTICATED',
      });
    });

    test('writes one entry of the audit log, without a password', async () => {
      const { user, id } = await api.given.user();
      const { operation, variables, event } = mutations(id)[name];
      const { data } = await payloadOf(as, operation, variables);
      const entries = await auditOf(administratorName);
      const changed = await api.db('users').where({ username: data.username }).first();
      expect(entries).toMatchObject([
        {
          event_type: event,
          resource_type: 'user',
          resource_id: String(name === 'createUser' ? changed.id : user.id),
          endpoint: operation.match(/\w+(?=\()/)?.[0],
        },
      ]);
      expect(JSON.stringify(entries)).not.toContain(NEW_PASSWORD);
    });

    test('that is refused writes none', async () => {
      const { as: user, user: row, id } = await api.given.user();
      const { operation, variables } = mutations(id)[name];
      await user.refusal(operation, variables);
      expect(await auditOf(row.username)).toEqual([]);
    });
  });

  describe.each(['updateUser', 'deactivateUser'] as const)('%s', (name) => {
    test.each([
      ['of nobody', globalId('User', 999_999_999), 'NOT_FOUND'],
      ['of a job', globalId('Job', 'aa'), 'BAD_USER_INPUT'],
      ['of nothing', 'nonsense', 'BAD_USER_INPUT'],
    ])('refuses the id %s', async (_, id, code) => {
      const { operation, variables } = mutations(id)[name];
      expect(await as.refusal(operation, variables)).toMatchObject({ code });
      expect(await auditOf(administratorName)).toEqual([]);
    });
  });
});

describe.each(databases)('the last administrator on $name', (kind) => {
  const api = useApi(kind);
  const given: { as: Client; id: string } = { as: new Client(''), id: '' };
  beforeAll(async () => {
    Object.assign(given, await api.given.administrator());
    await api.given.administrator({ is_active: false });
  });

  const last = {
    __typename: 'LastAdministratorError',
    message: 'This is the last active administrator; make another one first.',
  };

  test('can not close their own account', async () => {
    expect(await payloadOf(given.as, DEACTIVATE, { id: given.id })).toEqual(last);
  });

  test.each([{ role: 'USER' }, { isActive: false }])('can not set %j', async (changes) => {
    const payload = await payloadOf(given.as, UPDATE, { input: { id: given.id, ...changes } });
    expect(payload).toEqual(last);
  });

  test('can change anything else', async () => {
    const input = { id: given.id, email: 'last@example.org', role: 'ADMIN', isActive: true };
    expect(await payloadOf(given.as, UPDATE, { input })).toMatchObject({
      __typename: 'UpdateUserSuccess',
    });
  });

  test('can leave once there is another', async () => {
    const { as } = await api.given.administrator();
    expect(await payloadOf(as, DEACTIVATE, { id: given.id })).toMatchObject({
      __typename: 'DeactivateUserSuccess',
    });
  });
});

describe.each(databases)('the last two administrators on $name', (kind) => {
  const api = useApi(kind);

  test('can not close each other’s account at once', async () => {
    const one = await api.given.administrator();
    const other = await api.given.administrator();
    await Promise.all([one.as.query('{ viewer { id } }'), other.as.query('{ viewer { id } }')]);
    await atOnce(kind, api, () => [
      one.as.send(DEACTIVATE, { id: other.id }),
      other.as.send(DEACTIVATE, { id: one.id }),
    ]);
    expect(await api.db('users').where({ role: 'admin', is_active: true })).toHaveLength(1);
  });
});

const refuseAuditLog = {
  SQLite: [
    `CREATE TRIGGER refuse BEFORE INSERT ON audit_logs BEGIN SELECT RAISE(ABORT, 'full'); END`,
  ],
  PostgreSQL: [
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'full'; END $$`,
    'CREATE TRIGGER refuse BEFORE INSERT ON audit_logs FOR EACH ROW EXECUTE FUNCTION refuse()',
  ],
} satisfies Record<DatabaseKind['name'], string[]>;

describe.each(databases)('without an audit log on $name', (kind) => {
  const api = useApi(kind);
  beforeAll(async () => {
    for (const statement of refuseAuditLog[kind.name]) await api.db.raw(statement);
  });

  const operations: Record<string, (id: string, username: string) => [string, object]> = {
    createUser: () => [CREATE, { input: newUser() }],
    updateUser: (id) => [UPDATE, { input: { id, email: 'other@example.org' } }],
    deactivateUser: (id) => [DEACTIVATE, { id }],
    login: (_, username) => [
      'mutation ($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }',
      { u: username, p: PASSWORD },
    ],
    createApiKey: () => ['mutation { createApiKey(name: "worker") { __typename } }', {}],
  };

  test.each(Object.entries(operations))('%s changes nothing', async (_, operationOn) => {
    const { as } = await api.given.administrator();
    const { user, id } = await api.given.user();
    const rows = async () => [await api.db('users').orderBy('id'), await api.db('api_keys')];
    const before = await rows();
    const refusal = await as.refusal(...operationOn(id, user.username));
    expect(refusal).toMatchObject({ code: 'INTERNAL_SERVER_ERROR' });
    expect(await rows()).toEqual(before);
  });
});
