import * as users from '../../../src/db/users.ts';
import { type Calls, later, page, time, userIds } from './calls.ts';

const { created_at, last_login, username } = users.userOrderings;
const newest = page<users.ShownUser>(created_at);

export const userCalls: Calls<typeof users> = {
  findUsersByIds: { 'some ids': (db) => users.findUsersByIds(db, userIds) },
  findAccountsByIds: { 'some ids': (db) => users.findAccountsByIds(db, userIds) },
  findUserByUsername: { 'a name': (db) => users.findUserByUsername(db, 'ada') },
  findUserPage: {
    'the newest': (db) => users.findUserPage(db, { filter: {}, page: newest }),
    'filtered by everything': (db) =>
      users.findUserPage(db, {
        filter: {
          role: 'admin',
          isActive: true,
          createdAt: { from: time, to: later },
          lastLogin: { to: later },
          usernamePrefix: 'a',
        },
        page: newest,
      }),
    'by name, after a cursor': (db) =>
      users.findUserPage(db, {
        filter: {},
        page: page<users.ShownUser>(username, {
          descending: false,
          after: { value: 'ada', id: 1 },
        }),
      }),
    'by last login, the last, before one who never logged in': (db) =>
      users.findUserPage(db, {
        filter: {},
        page: page<users.ShownUser>(last_login, { fromEnd: true, before: { value: null, id: 1 } }),
      }),
  },
  countUsers: {
    'all of them': (db) => users.countUsers(db, {}),
    'filtered by role': (db) => users.countUsers(db, { role: 'admin' }),
  },
  insertUser: {
    'who never logged in': (db) =>
      users.insertUser(db, {
        username: 'ada',
        email: 'ada@example.org',
        hashed_password: 'a hash',
        role: 'user',
        must_change_password: true,
        created_at: time,
        is_active: true,
      }),
  },
  updateUserRow: {
    'one column': (db) => users.updateUserRow(db, 1, { is_active: false }),
    'a password': (db) =>
      users.updateUserRow(db, 1, { hashed_password: 'a hash', must_change_password: true }),
  },
  findTaken: {
    'by a user that exists': (db) =>
      users.findTaken(db, { username: 'ada', email: 'ada@example.org', exceptId: 1 }),
  },
  administratorExists: { 'whoever it is': (db) => users.administratorExists(db) },
  isLastAdministrator: { 'a user': (db) => users.isLastAdministrator(db, 1) },
};
