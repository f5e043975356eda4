import type { Knex } from 'knex';
import { insertAuditLog } from '../db/auditLogs.ts';
import {
  findAccountsByIds,
  findTaken,
  findUserByUsername,
  insertUser,
  isLastAdministrator,
  type ShownUser,
  type UserRole,
  type UserRow,
  updateUserRow,
} from '../db/users.ts';
import { ApiError } from '../errors.ts';
import {
  EmailTakenError,
  InvalidCredentialsError,
  InvalidInputError,
  LastAdministratorError,
  UsernameTakenError,
} from './accountErrors.ts';
import {
  type Actor,
  type AuditEvent,
  auditEntry,
  audited,
  type Origin,
  type Written,
} from './audit.ts';
import { hashPassword, PASSWORD_LENGTH, passwordMatches } from './passwords.ts';

const aboutUser = (eventType: string, id: number, details?: string): AuditEvent => ({
  eventType,
  severity: 'info',
  statusCode: 200,
  resourceType: 'user',
  resourceId: id,
  ...(details !== undefined && { details }),
});

/** Checks a password outside any transaction: it takes some 20 ms by design. */
export async function login(
  db: Knex,
  origin: Origin,
  { username, password }: { username: string; password: string },
): Promise<UserRow> {
  const found = await findUserByUsername(db, username.trim().toLowerCase());
  const user = found?.is_active ? found : null;
  const accepted = await passwordMatches(password, user?.hashed_password ?? null);
  const event: AuditEvent = {
    eventType: accepted ? 'login_succeeded' : 'login_refused',
    severity: accepted ? 'info' : 'warning',
    statusCode: accepted ? 200 : 401,
    resourceType: found ? 'user' : null,
    resourceId: found?.id ?? null,
  };
  const row = await db.transaction(async (transaction) => {
    const actor = { kind: 'login', username: username.slice(0, 100), user: found } as const;
    await insertAuditLog(transaction, auditEntry(event, origin, actor));
    if (!accepted || !user) return null;
    return updateUserRow(transaction, user.id, { last_login: new Date().toISOString() });
  });
  if (!row) throw new InvalidCredentialsError();
  return row;
}

function checkPassword(field: string, password: string): void {
  const { min, max } = PASSWORD_LENGTH;
  if (password.length >= min && password.length <= max) return;
  throw new InvalidInputError(
    field,
    `A password has ${min} to ${max} characters; this one has ${password.length}.`,
  );
}

function checkUsername(username: string): void {
  if (/^[a-z0-9][a-z0-9._-]{1,63}$/.test(username)) return;
  throw new InvalidInputError(
    'username',
    'A user name has 2 to 64 lower-case letters, digits, dots, dashes or underscores, and begins with a letter or digit.',
  );
}

function checkEmail(email: string): void {
  if (email.length <= 254 && /^[^\s@]+@[^\s@]+$/.test(email)) return;
  throw new InvalidInputError('email', `"${email.slice(0, 254)}" is not an e-mail address.`);
}

/**
 * Runs a change of unique columns. Their indexes alone can tell, since another transaction may take the
 * name at the same time; where it failed, a look at the rows tells which column it was.
 */
async function unlessTaken<Result>(
  actor: Actor,
  user: { username: string; email: string; exceptId: number | null },
  write: (transaction: Knex.Transaction) => Promise<Written<Result>>,
): Promise<Result> {
  try {
    return await audited(actor, write);
  } catch (error) {
    const taken = await findTaken(actor.db, user);
    if (taken === 'username') throw new UsernameTakenError(user.username);
    if (taken === 'email') throw new EmailTakenError(user.email);
    throw error;
  }
}

export async function changePassword(
  actor: Actor & { viewer: { kind: 'user'; user: ShownUser } },
  { currentPassword, newPassword }: { currentPassword: string; newPassword: string },
): Promise<UserRow> {
  const { id } = actor.viewer.user;
  checkPassword('newPassword', newPassword);
  const [account] = await findAccountsByIds(actor.db, [id]);
  if (!(await passwordMatches(currentPassword, account?.hashed_password ?? null))) {
    throw new InvalidCredentialsError('The current password is wrong.');
  }
  const hashed = await hashPassword(newPassword);
  return audited(actor, async (transaction) => ({
    result: await changed(transaction, id, {
      hashed_password: hashed,
      must_change_password: false,
    }),
    event: aboutUser('password_changed', id),
  }));
}

/** Updates a user who is known to exist. */
async function changed(
  transaction: Knex.Transaction,
  id: number,
  changes: Partial<Omit<UserRow, 'id'>>,
): Promise<UserRow> {
  const user = await updateUserRow(transaction, id, changes);
  if (!user) throw new ApiError('NOT_FOUND', 'There is no such user.');
  return user;
}

export interface CreateUserInput {
  username: string;
  email: string;
  password: string;
  role: UserRole;
}

/** The new user has to change the password, which somebody else chose. */
export async function createUser(actor: Actor, input: CreateUserInput): Promise<UserRow> {
  const { username, email, password, role } = input;
  checkUsername(username);
  checkEmail(email);
  checkPassword('password', password);
  const hashed = await hashPassword(password);
  return unlessTaken(actor, { username, email, exceptId: null }, async (transaction) => {
    const user = await insertUser(transaction, {
      username,
      email,
      hashed_password: hashed,
      role,
      must_change_password: true,
      created_at: new Date().toISOString(),
      is_active: true,
    });
    return { result: user, event: aboutUser('user_created', user.id, `role ${role}`) };
  });
}

export interface UpdateUserInput {
  id: number;
  email?: string | null | undefined;
  role?: UserRole | null | undefined;
  isActive?: boolean | null | undefined;
  /** A new password, which the user has to change. */
  password?: string | null | undefined;
}

export async function updateUser(actor: Actor, input: UpdateUserInput): Promise<UserRow> {
  const { id, email, role, isActive, password } = input;
  if (email != null) checkEmail(email);
  if (password != null) checkPassword('password', password);
  const changes = {
    ...(email != null && { email }),
    ...(role != null && { role }),
    ...(isActive != null && { is_active: isActive }),
    ...(password != null && {
      hashed_password: await hashPassword(password),
      must_change_password: true,
    }),
  };
  if (Object.keys(changes).length === 0) {
    throw new InvalidInputError('email', 'Nothing was given to change.');
  }
  const losesAdministrator = role === 'user' || isActive === false;
  return unlessTaken(
    actor,
    { username: '', email: email ?? '', exceptId: id },
    async (transaction) => {
      if (losesAdministrator && (await isLastAdministrator(transaction, id))) {
        throw new LastAdministratorError();
      }
      const fields = Object.keys(changes).filter((field) => field !== 'hashed_password');
      return {
        result: await changed(transaction, id, changes),
        event: aboutUser('user_updated', id, fields.join(', ')),
      };
    },
  );
}

export async function deactivateUser(actor: Actor, id: number): Promise<UserRow> {
  return audited(actor, async (transaction) => {
    if (await isLastAdministrator(transaction, id)) throw new LastAdministratorError();
    return {
      result: await changed(transaction, id, { is_active: false }),
      event: aboutUser('user_deactivated', id),
    };
  });
}
