import type { Knex } from 'knex';
import { rowsOf } from './compiled.ts';
import { findByKeys } from './findByKeys.ts';
import type { IndexedFilters } from './indexed.ts';
import { type Ordering, type Page, type PageRequest, pageOf } from './keyset.ts';
import { countRows, pageStatement } from './pages.ts';
import { type Range, whereBetween } from './range.ts';

export const userRoles = ['user', 'admin'] as const;

export type UserRole = (typeof userRoles)[number];

/** SQLite has no boolean. */
export type SqlBoolean = boolean | 0 | 1;

export interface UserRow {
  id: number;
  username: string;
  email: string;
  hashed_password: string;
  role: UserRole;
  must_change_password: SqlBoolean;
  created_at: string;
  last_login: string | null;
  is_active: SqlBoolean;
}

/** What of a user can be shown to somebody; the rest is for who checks a password. */
export type ShownUser = Omit<UserRow, 'hashed_password'>;

export const shownUserColumns = [
  'id',
  'username',
  'email',
  'role',
  'must_change_password',
  'created_at',
  'last_login',
  'is_active',
] as const satisfies readonly (keyof ShownUser)[];

const userColumns = [...shownUserColumns, 'hashed_password'] as const;

const byId: Pick<Ordering<ShownUser>, 'idColumn' | 'idType' | 'id'> = {
  idColumn: 'users.id',
  idType: 'integer',
  id: (row) => row.id,
};

export const userOrderings = {
  created_at: {
    name: 'users.created_at',
    column: 'users.created_at',
    kind: 'time',
    nullable: false,
    value: (row) => row.created_at,
    ...byId,
  },
  last_login: {
    name: 'users.last_login',
    column: 'users.last_login',
    kind: 'time',
    nullable: true,
    value: (row) => row.last_login,
    ...byId,
  },
  username: {
    name: 'users.username',
    column: 'users.username',
    kind: 'text',
    nullable: false,
    value: (row) => row.username,
    ...byId,
  },
} as const satisfies Record<string, Ordering<ShownUser>>;

/** The indexes of the migrations, as pages use them. */
export const indexedUserFilters: IndexedFilters = {
  'users.created_at': [
    ['role', 'createdAt'],
    ['isActive', 'createdAt'],
  ],
  'users.last_login': [['lastLogin']],
  'users.username': [['usernamePrefix']],
};

export interface UserFilter {
  role?: UserRole | null | undefined;
  isActive?: boolean | null | undefined;
  createdAt?: Range<string> | null | undefined;
  lastLogin?: Range<string> | null | undefined;
  usernamePrefix?: string | null | undefined;
}

/** The filter with conditions that compiled statements can have. */
const comparable = ({ usernamePrefix, ...others }: UserFilter) => ({
  ...others,
  // A range, since LIKE with a parameter cannot use an index; user names compare byte by byte.
  username: usernamePrefix ? { from: usernamePrefix, to: `${usernamePrefix}\u{10FFFF}` } : null,
});

function filtered(
  db: Knex,
  query: Knex.QueryBuilder,
  filter: ReturnType<typeof comparable>,
): Knex.QueryBuilder {
  if (filter.role != null) query.where('users.role', filter.role);
  if (filter.isActive != null) query.where('users.is_active', filter.isActive);
  whereBetween(db, query, userOrderings.created_at, filter.createdAt);
  whereBetween(db, query, userOrderings.last_login, filter.lastLogin);
  whereBetween(db, query, userOrderings.username, filter.username);
  return query;
}

const usersById = { table: 'users', keyColumn: 'id', keyType: 'integer' } as const;

export async function findUsersByIds(db: Knex, ids: readonly number[]): Promise<ShownUser[]> {
  return findByKeys(db, { ...usersById, columns: shownUserColumns }, ids);
}

/** The same with their passwords. */
export async function findAccountsByIds(db: Knex, ids: readonly number[]): Promise<UserRow[]> {
  return findByKeys(db, { ...usersById, columns: userColumns }, ids);
}

export async function findUserByUsername(db: Knex, username: string): Promise<UserRow | null> {
  const [row]: UserRow[] = await db('users')
    .select(userColumns)
    .where('username', username)
    .limit(1, { skipBinding: true });
  return row ?? null;
}

export interface UserPageRequest {
  filter: UserFilter;
  page: PageRequest<ShownUser>;
}

export async function findUserPage(
  db: Knex,
  { filter, page }: UserPageRequest,
): Promise<Page<ShownUser>> {
  const statement = pageStatement(db, {
    shape: 'users',
    filter: comparable(filter),
    page,
    select: () => db('users').select(shownUserColumns),
    narrow: (query, conditions) => filtered(db, query, conditions),
  });
  return pageOf(await rowsOf<ShownUser>(db, statement), page);
}

export async function countUsers(db: Knex, filter: UserFilter): Promise<number> {
  return countRows(db, {
    table: 'users',
    filter: comparable(filter),
    narrow: (query, conditions) => filtered(db, query, conditions),
  });
}

export type NewUser = Omit<UserRow, 'id' | 'last_login'>;

export async function insertUser(db: Knex, user: NewUser): Promise<UserRow> {
  const [row] = await db('users').insert(user).returning(userColumns);
  return row;
}

export async function updateUserRow(
  db: Knex,
  id: number,
  changes: Partial<Omit<UserRow, 'id'>>,
): Promise<UserRow | null> {
  const [row] = await db('users').where('id', id).update(changes).returning(userColumns);
  return row ?? null;
}

/** Which of the two is taken by another user: the unique columns, looked up by their indexes. */
export async function findTaken(
  db: Knex,
  { username, email, exceptId }: { username: string; email: string; exceptId: number | null },
): Promise<'username' | 'email' | null> {
  const rows: Pick<UserRow, 'username' | 'email'>[] = await db('users')
    .select('username', 'email')
    .where((query) => query.where('username', username).orWhere('email', email))
    .whereNot('id', exceptId ?? 0)
    .limit(2, { skipBinding: true });
  if (rows.some((row) => row.username === username)) return 'username';
  return rows.length > 0 ? 'email' : null;
}

export async function administratorExists(db: Knex): Promise<boolean> {
  const [row]: { id: number }[] = await db('users')
    .select('id')
    .where('role', 'admin')
    .limit(1, { skipBinding: true });
  return row !== undefined;
}

/**
 * Whether no other active administrator would be left without this user. Locks those it looks at, so
 * that two administrators can't close each other at the same time.
 */
export async function isLastAdministrator(db: Knex, id: number): Promise<boolean> {
  const administrators: { id: number }[] = await db('users')
    .select('id')
    .where({ role: 'admin', is_active: true })
    .orderBy('id')
    .limit(2, { skipBinding: true })
    .forUpdate();
  return administrators.length === 1 && administrators[0]?.id === id;
}
