import { MaintenanceFailedError } from '../administration/maintenance.ts';
import {
  EmailTakenError,
  InvalidCredentialsError,
  InvalidInputError,
  LastAdministratorError,
  UsernameTakenError,
} from '../auth/accountErrors.ts';
import { IdempotencyConflictError, IllegalStatusChangeError } from '../jobs/jobErrors.ts';
import { builder } from './builder.ts';
import { JobStatus } from './job.ts';

const PayloadError = builder.interfaceRef<Error>('PayloadError').implement({
  description: 'Why a mutation did nothing, where the client can mend it.',
  fields: (t) => ({
    message: t.exposeString('message', { description: 'What is wrong, for people to read.' }),
  }),
});

builder.objectType(InvalidCredentialsError, {
  name: 'InvalidCredentialsError',
  description: 'The user name or the password is wrong, or the account is closed.',
  interfaces: [PayloadError],
});

builder.objectType(UsernameTakenError, {
  name: 'UsernameTakenError',
  description: 'Another user has the user name.',
  interfaces: [PayloadError],
  fields: (t) => ({
    username: t.exposeString('username', { description: 'The user name that is taken.' }),
  }),
});

builder.objectType(EmailTakenError, {
  name: 'EmailTakenError',
  description: 'Another user has the e-mail address.',
  interfaces: [PayloadError],
  fields: (t) => ({
    email: t.exposeString('email', { description: 'The address that is taken.' }),
  }),
});

builder.objectType(InvalidInputError, {
  name: 'InvalidInputError',
  description: 'A value breaks a rule.',
  interfaces: [PayloadError],
  fields: (t) => ({
    field: t.exposeString('field', { description: 'The argument with the value.' }),
  }),
});

builder.objectType(LastAdministratorError, {
  name: 'LastAdministratorError',
  description: 'Nobody would be left to administrate.',
  interfaces: [PayloadError],
});

builder.objectType(IllegalStatusChangeError, {
  name: 'IllegalStatusChangeError',
  description: 'A job of this status cannot become one of that.',
  interfaces: [PayloadError],
  fields: (t) => ({
    from: t.expose('from', { type: JobStatus, description: 'The status that the job has.' }),
    to: t.expose('to', { type: JobStatus, description: 'The status that it was to get.' }),
  }),
});

builder.objectType(IdempotencyConflictError, {
  name: 'IdempotencyConflictError',
  description: 'The idempotency key was used before, for another file or model.',
  interfaces: [PayloadError],
  fields: (t) => ({
    idempotencyKey: t.exposeString('idempotencyKey', { description: 'The key.' }),
  }),
});

builder.objectType(MaintenanceFailedError, {
  name: 'MaintenanceFailedError',
  description: 'The database did not do what was asked for.',
  interfaces: [PayloadError],
});
