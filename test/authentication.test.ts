import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { hashKey } from '../src/auth/apiKeys.ts';
import { passwordFingerprint } from '../src/auth/passwords.ts';
import { createTokens } from '../src/auth/tokens.ts';
import type { UserRow } from '../src/db/users.ts';
import { startApi, type TestApi, useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
import { minutes, PASSWORD } from './harness/given.ts';

const SECRET = 'the secret that these tests sign with';
const NEW_PASSWORD = 'a password of my own';

const LOGIN = `mutation LogIn($username: String!, $password: String!) {
  login(username: $username, password: $password) {
    __typename
    ... on LoginSuccess { data { token expiresAt user { username lastLogin } } }
    ... on PayloadError { message }
  }
}`;

const CHANGE_PASSWORD = `mutation ChangePassword($currentPassword: String!, $newPassword: String!) {
  changePassword(currentPassword: $currentPassword, newPassword: $newPassword) {
    __typename
    ... on ChangePasswordSuccess { data { token user { mustChangePassword } } }
    ... on PayloadError { message }
    ... on InvalidInputError { field }
  }
}`;

const VIEWER = '{ viewer { username } }';
const JOBS = '{ jobs { edges { node { id } } } }';

interface Session {
  token: string;
  expiresAt: string;
  user: { username: string; lastLogin: string };
}

type Payload<Name extends string> = Record<
  Name,
  { __typename: string; data: Session; message: string }
>;

const logIn = async (client: Client, username: string, password = PASSWORD) =>
  (await client.query<Payload<'login'>, unknown>(LOGIN, { username, password })).login;

const changePassword = async (client: Client, currentPassword: string, newPassword: string) => {
  const variables = { currentPassword, newPassword };
  const data = await client.query<Payload<'changePassword'>, unknown>(CHANGE_PASSWORD, variables);
  return data.changePassword;
};

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');

const invalid = {
  code: 'UNAUTHENTICATED',
  message: 'The access token is not valid; log in again.',
  status: 401,
};

describe.each(databases)('authentication on $name', (kind) => {
  const api = useApi(kind, { secret: SECRET });

  const auditOf = (username: string) => api.db('audit_logs').where({ username });

  describe('login', () => {
    test('gives a token that works until it expires', async () => {
      const { user } = await api.given.user();
      const { data } = await logIn(api.client, user.username);
      expect(await api.client.as(data.token).query(VIEWER)).toEqual({
        viewer: { username: user.username },
      });
      const minutesLeft = (Date.parse(data.expiresAt) - Date.now()) / 60_000;
      expect(minutesLeft).toBeCloseTo(api.config.token.lifetimeMinutes, 0);
    });

    test('takes the user name in any case, with spaces around it', async () => {
      const { user } = await api.given.user();
      const { data } = await logIn(api.client, ` ${user.username.toUpperCase()} `);
      expect(data.user.username).toBe(user.username);
    });

    test('notes the time', async () => {
      const before = Date.now();
      const { user } = await api.given.user();
      const { data } = await logIn(api.client, user.username);
      expect(Date.parse(data.user.lastLogin)).toBeGreaterThanOrEqual(before);
      expect(await api.db('users').where({ id: user.id }).first()).toMatchObject({
        last_login: data.user.lastLogin,
      });
    });

    test('writes the audit log', async () => {
      const { user } = await api.given.user();
      await logIn(api.client.with({ 'user-agent': 'a test' }), user.username);
      expect(await auditOf(user.username)).toMatchObject([
        {
          event_type: 'login_succeeded',
          severity: 'info',
          user_id: user.id,
          client_ip: '127.0.0.1',
          user_agent: 'a test',
          endpoint: 'LogIn',
          method: 'POST',
          status_code: 200,
        },
      ]);
    });

    const refused = {
      'a wrong password': { columns: {}, password: 'not the password' },
      'an inactive user': { columns: { is_active: false }, password: PASSWORD },
    } satisfies Record<string, { columns: Partial<UserRow>; password: string }>;

    test.each(Object.entries(refused))('refuses %s', async (_, { columns, password }) => {
      const { user } = await api.given.user(columns);
      expect(await logIn(api.client, user.username, password)).toEqual({
        __typename: 'InvalidCredentialsError',
        message: 'The user name or the password is wrong.',
      });
      expect(await auditOf(user.username)).toMatchObject([
        { event_type: 'login_refused', user_id: user.id },
      ]);
      expect(await api.db('users').where({ id: user.id }).first()).toMatchObject({
        last_login: null,
      });
    });

    test('refuses an unknown user in the same words, and notes who it was', async () => {
      const client = api.client.with({ 'user-agent': 'a guesser' });
      expect(await logIn(client, 'nobody')).toEqual({
        __typename: 'InvalidCredentialsError',
        message: 'The user name or the password is wrong.',
      });
      expect(await auditOf('nobody')).toMatchObject([
        {
          event_type: 'login_refused',
          severity: 'warning',
          user_id: null,
          client_ip: '127.0.0.1',
          user_agent: 'a guesser',
          endpoint: 'LogIn',
          status_code: 401,
        },
      ]);
    });
  });

  describe('a request', () => {
    test('without a token reads nothing', async () => {
      expect(await api.client.query(VIEWER)).toEqual({ viewer: null });
      expect(await api.client.refusal(JOBS)).toEqual({
        code: 'UNAUTHENTICATED',
        message: 'Log in, or send an API key.',
        status: 200,
      });
    });

    let claims: { userId: number; passwordFingerprint: string };
    beforeAll(async () => {
      const { user } = await api.given.user();
      claims = {
        userId: user.id,
        passwordFingerprint: passwordFingerprint(user.hashed_password),
      };
    });

    const payload = () => ({
      sub: String(claims.userId),
      pwd: claims.passwordFingerprint,
      exp: Math.floor(Date.now() / 1000) + 60,
    });

    const tokens = {
      'that is none': () => 'garbage',
      'signed with another secret': () => createTokens('another secret', 60).issue(claims).token,
      'that is not signed': () => `${encoded({ alg: 'none', typ: 'JWT' })}.${encoded(payload())}.`,
      'whose content was changed': () => {
        const [head, , signature] = createTokens(SECRET, 60).issue(claims).token.split('.');
        return `${head}.${encoded({ ...payload(), sub: '1' })}.${signature}`;
      },
    };

    test.each(Object.entries(tokens))('with a token %s is refused', async (_, token) => {
      api.forgetStatements();
      expect(await api.client.as(token()).refusal(VIEWER)).toEqual(invalid);
      expect(api.statements).toEqual([]);
    });

    test('with a token that has expired is told so', async () => {
      const { token } = createTokens(SECRET, -1).issue(claims);
      api.forgetStatements();
      expect(await api.client.as(token).refusal(VIEWER)).toEqual({
        ...invalid,
        message: 'The access token has expired; log in again.',
      });
      expect(api.statements).toEqual([]);
    });

    test('with a token that expired since it was last used is told so', async () => {
      const { token } = createTokens(SECRET, 1).issue(claims);
      const as = api.client.as(token);
      await as.query(VIEWER);
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
      onTestFinished(() => void vi.useRealTimers());
      expect(await as.refusal(VIEWER)).toEqual({
        ...invalid,
        message: 'The access token has expired; log in again.',
      });
    });

    test('with the token of a user who is gone is refused', async () => {
      const { token } = createTokens(SECRET, 60).issue({ ...claims, userId: 999_999_999 });
      expect(await api.client.as(token).refusal(VIEWER)).toMatchObject({
        code: 'UNAUTHENTICATED',
        status: 401,
      });
    });

    test('with "Bearer" alone comes from nobody: so the playground asks for the schema', async () => {
      const nobody = api.client.with({ authorization: 'Bearer ' });
      expect(await nobody.query(VIEWER)).toEqual({ viewer: null });
    });

    const malformed = ['Bearer two words', 'Basic dXNlcjpwYXNz', 'token'];

    test.each(malformed)('with "Authorization: %s" is told how to write it', async (value) => {
      api.forgetStatements();
      expect(await api.client.with({ authorization: value }).refusal(VIEWER)).toEqual({
        code: 'UNAUTHENTICATED',
        message: 'The Authorization header must read "Bearer", a space, and the token.',
        status: 401,
      });
      expect(api.statements).toEqual([]);
    });

    test('with "Bearer" and no token, as the playground begins, is one without', async () => {
      const client = api.client.with({ authorization: 'Bearer ' });
      expect(await client.query(VIEWER)).toEqual({ viewer: null });
    });

    test('with a bad token can not even log in: it is refused as a whole', async () => {
      const { user } = await api.given.user();
      const variables = { username: user.username, password: PASSWORD };
      expect(await api.client.as('garbage').refusal(LOGIN, variables)).toEqual(invalid);
    });
  });

  describe('a token ends at once', () => {
    test('when the account is closed', async () => {
      const administrator = await api.given.administrator();
      const { as, id } = await api.given.user();
      await as.query(VIEWER);
      await administrator.as.query(
        'mutation Close($id: ID!) { deactivateUser(id: $id) { __typename } }',
        { id },
      );
      expect(await as.refusal(VIEWER)).toEqual({
        code: 'UNAUTHENTICATED',
        message: 'The account is closed.',
        status: 401,
      });
    });

    test('when the password is changed, and the new one works', async () => {
      const { as } = await api.given.user();
      await as.query(VIEWER);
      const { data } = await changePassword(as, PASSWORD, NEW_PASSWORD);
      expect(await as.refusal(VIEWER)).toEqual({
        code: 'UNAUTHENTICATED',
        message: 'The password was changed; log in again.',
        status: 401,
      });
      await api.client.as(data.token).query(JOBS);
    });

    test('when an administrator sets the password', async () => {
      const administrator = await api.given.administrator();
      const { as, id } = await api.given.user();
      await as.query(VIEWER);
      await administrator.as.query(
        'mutation Set($input: UpdateUserInput!) { updateUser(input: $input) { __typename } }',
        { input: { id, password: NEW_PASSWORD } },
      );
      expect(await as.refusal(VIEWER)).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
    });
  });

  describe('in another process', () => {
    // Nothing is read again because it grew old: it has to be told.
    const options = { secret: SECRET, viewerTtlMs: 3_600_000 };
    let other: TestApi;
    beforeAll(async () => {
      const { address } = api.config.database;
      other = await startApi({ address, drop: async () => {} }, options);
    });
    afterAll(() => other.stop());

    /** Asks of the other process until it refuses: SQLite is looked at, PostgreSQL has to notify. */
    const refusedAt = async (client: Client): Promise<void> => {
      if (kind.name === 'SQLite') expect((await client.send(VIEWER)).status).toBe(401);
      else await expect.poll(async () => (await client.send(VIEWER)).status).toBe(401);
    };

    const known = async (columns?: Partial<UserRow>) => {
      const { user, id } = await api.given.user(columns);
      const as = other.client.as(api.given.tokenOf(user).token);
      await as.query(VIEWER);
      return { user, id, as };
    };

    test('a user is not read again while nothing changes', async () => {
      const { as } = await known();
      other.forgetStatements();
      await as.query(VIEWER);
      expect(other.statements).toEqual([]);
    });

    test('a login does not make anybody be read again', async () => {
      const { as } = await known();
      const { user } = await api.given.user();
      await logIn(api.client, user.username);
      other.forgetStatements();
      await as.query(VIEWER);
      expect(other.statements).toEqual([]);
    });

    test('a token ends at once when the account is closed', async () => {
      const administrator = await api.given.administrator();
      const { as, id } = await known();
      const close = 'mutation Close($id: ID!) { deactivateUser(id: $id) { __typename } }';
      await administrator.as.query(close, { id });
      await refusedAt(as);
    });

    test('a token ends at once when the password is changed', async () => {
      const { as, user } = await known();
      await changePassword(api.client.as(api.given.tokenOf(user).token), PASSWORD, NEW_PASSWORD);
      await refusedAt(as);
    });

    test('a token ends at once when somebody closes the account by SQL', async () => {
      const { as, user } = await known();
      await api.db('users').where({ id: user.id }).update({ is_active: false });
      await refusedAt(as);
    });

    test('a key ends at once when it is revoked', async () => {
      const { key } = await api.given.worker();
      const worker = other.client.as(key);
      await worker.query(VIEWER);
      other.forgetStatements();
      await worker.query(VIEWER);
      expect(other.statements).toEqual([]);
      await api
        .db('api_keys')
        .where({ key_hash: hashKey(key) })
        .update({ revoked_at: minutes(1) });
      await refusedAt(worker);
    });

    test('a token ends at once where the database can tell nobody', async ({ skip }) => {
      skip(kind.name === 'SQLite', 'SQLite is asked, and tells nobody');
      const { as, user } = await known();
      await api.db.raw(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                         WHERE datname = current_database() AND query = 'LISTEN account_changes'`);
      await api.db('users').where({ id: user.id }).update({ is_active: false });
      await refusedAt(as);
    });
  });

  describe('a password that somebody else set', () => {
    test('gives access to the viewer and to nothing else', async () => {
      const { as, user, id } = await api.given.administrator({ must_change_password: true });
      expect(await as.query('{ viewer { username mustChangePassword } }')).toEqual({
        viewer: { username: user.username, mustChangePassword: true },
      });
      const others = [
        JOBS,
        '{ users { edges { node { id } } } }',
        '{ searchJobs(query: "x") { edges { node { score } } } }',
        '{ jobStatistics { count } }',
        '{ performance { summary { since } } }',
        `{ node(id: "${id}") { id } }`,
        `{ user(id: "${id}") { id } }`,
        'mutation { createApiKey(name: "x") { __typename } }',
      ];
      for (const operation of others) {
        expect(await as.refusal(operation)).toMatchObject({
          code: 'PASSWORD_CHANGE_REQUIRED',
          message: 'Change the password first.',
        });
      }
    });

    test('gives no access to jobs by way of the viewer either', async () => {
      const { as, user } = await api.given.user({ must_change_password: true });
      await api.given.job({ user });
      for (const field of ['jobs { edges { node { id } } }', 'jobCounts { count }']) {
        expect(await as.refusal(`{ viewer { ${field} } }`)).toMatchObject({
          code: 'PASSWORD_CHANGE_REQUIRED',
        });
      }
    });

    test('has to be changed by its user, who may do all else afterwards', async () => {
      const { as } = await api.given.user({ must_change_password: true });
      const changed = await changePassword(as, PASSWORD, NEW_PASSWORD);
      expect(changed.data.user).toEqual({ mustChangePassword: false });
      await api.client.as(changed.data.token).query(JOBS);
    });
  });

  describe('changePassword', () => {
    test('needs the current password', async () => {
      const { as } = await api.given.user();
      expect(await changePassword(as, 'not the password', NEW_PASSWORD)).toEqual({
        __typename: 'InvalidCredentialsError',
        message: 'The current password is wrong.',
      });
      await as.query(VIEWER);
    });

    test.each([11, 1025])('refuses a password of %i characters', async (length) => {
      const { as } = await api.given.user();
      expect(await changePassword(as, PASSWORD, 'x'.repeat(length))).toEqual({
        __typename: 'InvalidInputError',
        field: 'newPassword',
        message: `A password has 12 to 1024 characters; this one has ${length}.`,
      });
    });

    test.each([12, 1024])('takes one of %i characters, and it logs in', async (length) => {
      const { as, user } = await api.given.user();
      const password = 'x'.repeat(length);
      expect(await changePassword(as, PASSWORD, password)).toMatchObject({
        __typename: 'ChangePasswordSuccess',
      });
      expect(await logIn(api.client, user.username, password)).toMatchObject({
        __typename: 'LoginSuccess',
      });
    });

    test('writes the audit log, without the password', async () => {
      const { as, user } = await api.given.user();
      await changePassword(as, PASSWORD, NEW_PASSWORD);
      const entries = await auditOf(user.username);
      expect(entries).toMatchObject([
        { event_type: 'password_changed', resource_id: String(user.id) },
      ]);
      expect(JSON.stringify(entries)).not.toContain(NEW_PASSWORD);
    });

    test('is not for nobody', async () => {
      const variables = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
      expect(await api.client.refusal(CHANGE_PASSWORD, variables)).toMatchObject({
        code: 'UNAUTHENTICATED',
      });
    });
  });

  describe.each([
    { trustProxy: false, clientIp: '127.0.0.1' },
    { trustProxy: true, clientIp: '198.51.100.7' },
  ])('with trustProxy $trustProxy', ({ trustProxy, clientIp }) => {
    const proxied = useApi(kind, { config: { trustProxy } });

    test(`X-Forwarded-For makes the client address ${clientIp}`, async () => {
      // The client wrote the first one itself; the last is what the proxy saw.
      const client = proxied.client.with({ 'x-forwarded-for': '192.0.2.1, 198.51.100.7' });
      await logIn(client, 'nobody');
      expect(await proxied.db('audit_logs')).toMatchObject([{ client_ip: clientIp }]);
    });
  });
});
