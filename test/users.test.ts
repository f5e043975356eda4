import { beforeAll, describe, expect, test } from 'vitest';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
import { minutes } from './harness/given.ts';

const USERS = `query Users($filter: UserFilter, $orderBy: UserOrder) {
  users(filter: $filter, orderBy: $orderBy) { edges { node { username } } totalCount }
}`;
const USER = 'query User($id: ID!) { user(id: $id) { id } }';

interface Users {
  edges: { node: { username: string } }[];
  totalCount: number;
}

describe.each(databases)('users on $name', (kind) => {
  const api = useApi(kind);

  describe('in a list', () => {
    const ending = 'abcd';
    let as: Client;
    let prefix: string;

    /** The endings of the user names, in order. */
    async function endings(filter: object = {}, orderBy?: object): Promise<string> {
      const { users }: { users: Users } = await as.query(USERS, {
        filter: { usernamePrefix: prefix, ...filter },
        orderBy,
      });
      expect(users.totalCount).toBe(users.edges.length);
      return users.edges.map(({ node }) => node.username.slice(prefix.length)).join('');
    }

    beforeAll(async () => {
      const administrator = await api.given.administrator();
      as = administrator.as;
      prefix = `listed${administrator.user.id}-`;
      const rows = [
        { role: 'admin' as const, last_login: minutes(30) },
        { last_login: minutes(20) },
        { is_active: false },
        { last_login: minutes(10), is_active: false },
      ];
      for (const [index, row] of rows.entries()) {
        const username = prefix + ending.charAt(index);
        await api.given.user({ username, created_at: minutes(index), ...row });
      }
    });

    // a is an administrator; c and d are closed; c never logged in. d is the newest.
    test.each([
      ['nothing', {}, 'dcba'],
      ['the role of administrators', { role: 'ADMIN' }, 'a'],
      ['the role of users', { role: 'USER' }, 'dcb'],
      ['being active', { isActive: true }, 'ba'],
      ['being closed', { isActive: false }, 'dc'],
      [
        'a creation from (included) and to (not)',
        { createdAt: { from: minutes(1), to: minutes(3) } },
        'cb',
      ],
      ['a creation from', { createdAt: { from: minutes(2) } }, 'dc'],
      ['a creation to', { createdAt: { to: minutes(1) } }, 'a'],
      [
        'a login from (included) and to (not)',
        { lastLogin: { from: minutes(10), to: minutes(30) } },
        'db',
      ],
      ['a login from', { lastLogin: { from: minutes(20) } }, 'ba'],
      ['a login to', { lastLogin: { to: minutes(99) } }, 'dba'],
      ['any login', { lastLogin: { from: '0001-01-01T00:00:00Z' } }, 'dba'],
      [
        'role, activity and times',
        {
          role: 'USER',
          isActive: false,
          lastLogin: { to: minutes(11) },
          createdAt: { from: minutes(0) },
        },
        'd',
      ],
    ])('can be filtered by %s', async (_name, filter, expected) => {
      expect(await endings(filter)).toBe(expected);
    });

    // c never logged in.
    test.each([
      ['CREATED_AT', 'abcd'],
      ['LAST_LOGIN', 'cdba'],
      ['USERNAME', 'abcd'],
    ])('can be ordered by %s, both ways', async (field, expected) => {
      expect(await endings({}, { field, direction: 'ASC' })).toBe(expected);
      const descending = [...expected].toReversed().join('');
      expect(await endings({}, { field, direction: 'DESC' })).toBe(descending);
      expect(await endings({}, { field })).toBe(descending);
    });

    test('can be filtered by the beginning of the name, byte by byte', async () => {
      const begin = `${prefix}x`;
      const inside = ['', 'a', '_', 'é', '\u{10FFFD}'].map((end) => begin + end);
      for (const username of [...inside, `${prefix}y`, `${prefix}X`]) {
        await api.given.user({ username });
      }
      const count = async (usernamePrefix: string) => {
        const { users }: { users: Users } = await as.query(USERS, { filter: { usernamePrefix } });
        return users.totalCount;
      };
      expect(await count(begin)).toBe(5);
      expect(await count(`${begin}_`)).toBe(1);
      expect(await count(`${begin}%`)).toBe(0);
    });

    test('are for administrators alone', async () => {
      const user = await api.given.user();
      const worker = await api.given.worker();
      expect((await user.as.refusal(USERS)).code).toBe('FORBIDDEN');
      expect((await worker.as.refusal(USERS)).code).toBe('FORBIDDEN');
      expect((await api.client.refusal(USERS)).code).toBe('UNAUTHENTICATED');
    });
  });

  describe('alone', () => {
    test('have all their values, and no password', async () => {
      const { as, id, user } = await api.given.user({
        created_at: '2026-01-01T00:00:00.010Z',
        last_login: minutes(1),
      });
      const query = `query User($id: ID!) {
        user(id: $id) { id username email role isActive mustChangePassword createdAt lastLogin }
      }`;
      expect(await as.query(query, { id })).toEqual({
        user: {
          id,
          username: user.username,
          email: user.email,
          role: 'USER',
          isActive: true,
          mustChangePassword: false,
          createdAt: '2026-01-01T00:00:00.010Z',
          lastLogin: minutes(1),
        },
      });
      const { errors } = await as.send(
        `query Password($id: ID!) { user(id: $id) { hashedPassword } }`,
        { id },
      );
      expect(errors[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    });

    test('see themselves, and not each other', async () => {
      const somebody = await api.given.user();
      const other = await api.given.user();
      expect(await somebody.as.query(USER, { id: somebody.id })).toEqual({
        user: { id: somebody.id },
      });
      expect(await other.as.query(USER, { id: somebody.id })).toEqual({ user: null });
    });

    test('are seen by administrators, and not by workers', async () => {
      const { id } = await api.given.user();
      const administrator = await api.given.administrator();
      const worker = await api.given.worker();
      expect(await administrator.as.query(USER, { id })).toEqual({ user: { id } });
      expect(await worker.as.query(USER, { id })).toEqual({ user: null });
    });

    test('the viewer is who asks', async () => {
      const query = '{ viewer { id } }';
      const { as, id } = await api.given.user();
      const worker = await api.given.worker();
      expect(await as.query(query)).toEqual({ viewer: { id } });
      expect(await worker.as.query(query)).toEqual({ viewer: null });
      expect(await api.client.query(query)).toEqual({ viewer: null });
    });
  });
});
