import {
  EmailTakenError,
  InvalidInputError,
  LastAdministratorError,
  UsernameTakenError,
} from '../auth/accountErrors.ts';
import { createUser, deactivateUser, updateUser } from '../auth/accounts.ts';
import { actorOf } from './actor.ts';
import { builder } from './builder.ts';
import { User } from './nodes.ts';
import { UserRole } from './user.ts';

const passwordRule = 'of 12 to 1024 characters; the user has to change it at the first login';

const CreateUserInput = builder.inputType('CreateUserInput', {
  description: 'A new account.',
  fields: (t) => ({
    username: t.string({
      required: true,
      description: '2 to 64 lower-case letters, digits, dots, dashes and underscores.',
    }),
    email: t.string({ required: true, description: 'Where to reach them.' }),
    password: t.string({ required: true, description: `A password ${passwordRule}.` }),
    role: t.field({ type: UserRole, defaultValue: 'user', description: 'What they may do.' }),
  }),
});

const UpdateUserInput = builder.inputType('UpdateUserInput', {
  description: 'What to change of an account; what is left out stays as it is.',
  fields: (t) => ({
    id: t.globalID({ for: User, required: true, description: 'The id of the user.' }),
    email: t.string({ description: 'A new address.' }),
    role: t.field({ type: UserRole, description: 'A new role.' }),
    isActive: t.boolean({ description: 'Whether they can log in.' }),
    password: t.string({ description: `A new password, ${passwordRule}.` }),
  }),
});

builder.mutationFields((t) => ({
  createUser: t.field({
    type: User,
    authScopes: { administrator: true },
    errors: { types: [UsernameTakenError, EmailTakenError, InvalidInputError] },
    description: 'Makes an account. For administrators.',
    args: {
      input: t.arg({ type: CreateUserInput, required: true, description: 'The account.' }),
    },
    resolve: (_root, { input }, context) =>
      createUser(actorOf(context), { ...input, role: input.role ?? 'user' }),
  }),
  updateUser: t.field({
    type: User,
    authScopes: { administrator: true },
    errors: { types: [EmailTakenError, InvalidInputError, LastAdministratorError] },
    description: 'Changes an account, and what it may do at once. For administrators.',
    args: {
      input: t.arg({ type: UpdateUserInput, required: true, description: 'What to change.' }),
    },
    resolve: async (_root, { input }, context) => {
      const user = await updateUser(actorOf(context), { ...input, id: input.id.id });
      context.authenticator.forgetUser(user.id);
      return user;
    },
  }),
  deactivateUser: t.field({
    type: User,
    authScopes: { administrator: true },
    errors: { types: [LastAdministratorError] },
    description: 'Closes an account: its tokens end at once. For administrators.',
    args: {
      id: t.arg.globalID({ for: User, required: true, description: 'The id of the user.' }),
    },
    resolve: async (_root, { id }, context) => {
      const user = await deactivateUser(actorOf(context), id.id);
      context.authenticator.forgetUser(user.id);
      return user;
    },
  }),
}));
