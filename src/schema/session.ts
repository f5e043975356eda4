import { InvalidCredentialsError, InvalidInputError } from '../auth/accountErrors.ts';
import { changePassword, login } from '../auth/accounts.ts';
import { passwordFingerprint } from '../auth/passwords.ts';
import type { IssuedToken } from '../auth/tokens.ts';
import type { UserRow } from '../db/users.ts';
import { actorOf } from './actor.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { User } from './nodes.ts';

type SessionShape = IssuedToken & { user: UserRow };

const Session = builder.objectRef<SessionShape>('Session').implement({
  description: 'A token, and whose it is.',
  fields: (t) => ({
    token: t.exposeString('token', {
      description: 'To be sent as `Authorization: Bearer …` with each request.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'Until when it is valid.',
      resolve: ({ expiresAt }) => expiresAt.toISOString(),
    }),
    user: t.field({
      type: User,
      description: 'Who logged in.',
      resolve: ({ user }) => user,
    }),
  }),
});

function sessionOf(user: UserRow, { tokens, authenticator }: Context): SessionShape {
  authenticator.forgetUser(user.id);
  const fingerprint = passwordFingerprint(user.hashed_password);
  return { ...tokens.issue({ userId: user.id, passwordFingerprint: fingerprint }), user };
}

builder.mutationFields((t) => ({
  login: t.field({
    type: Session,
    errors: { types: [InvalidCredentialsError] },
    description: 'Gives a token for a user name and password.',
    args: {
      username: t.arg.string({ required: true, description: 'The name to log in with.' }),
      password: t.arg.string({ required: true, description: 'The password.' }),
    },
    resolve: async (_root, credentials, context) =>
      sessionOf(await login(context.db, context.origin, credentials), context),
  }),
  changePassword: t.field({
    type: Session,
    authScopes: { person: true },
    errors: { types: [InvalidCredentialsError, InvalidInputError] },
    description: "Changes the viewer's password, ends all their tokens and gives a new one.",
    args: {
      currentPassword: t.arg.string({ required: true, description: 'The password until now.' }),
      newPassword: t.arg.string({
        required: true,
        description: 'The password from now on, of 12 to 1024 characters.',
      }),
    },
    resolve: async (_root, passwords, context) =>
      sessionOf(await changePassword(actorOf(context), passwords), context),
  }),
}));
