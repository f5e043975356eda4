import { GraphQLError } from 'graphql';

/** Every `extensions.code` that the API answers with. `docs/errors.md` explains the same list. */
export const errorCodes = {
  UNAUTHENTICATED: 'The operation needs a valid access token or API key, and none came with it.',
  PASSWORD_CHANGE_REQUIRED: 'The password was set by somebody else and has to be changed first.',
  FORBIDDEN: 'The viewer is known, and is not allowed to do this.',
  NOT_FOUND: 'The object that a mutation names does not exist for this viewer.',
  BAD_USER_INPUT:
    'An argument or variable has a value that cannot be used; the message says which.',
  LEASE_LOST: 'The worker does not have the job any more; what it sent changed nothing.',
  INVALID_TRANSCRIPT:
    "What was handed in is no transcript of Whisper's, or breaks a rule; the message says where.",
  TRANSCRIPT_TOO_LARGE: 'The request with a transcript has more bytes than one may have.',
  HISTORY_UNAVAILABLE: 'The figures of the monitor can not be read from the database now.',
  QUERY_TOO_COMPLEX: 'The operation is over a limit; `extensions` has the limit and the value.',
  GRAPHQL_PARSE_FAILED: 'The text is not GraphQL.',
  GRAPHQL_VALIDATION_FAILED: 'The operation does not fit the schema.',
  BAD_REQUEST: 'The HTTP request is not a GraphQL request.',
  INTERNAL_SERVER_ERROR:
    'Something unexpected; the log has the cause under the `requestId` in `extensions`.',
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** An error that the client may see and act on. Everything else is masked. */
export class ApiError extends GraphQLError {
  constructor(code: ErrorCode, message: string, extensions: Record<string, unknown> = {}) {
    super(message, { extensions: { code, ...extensions } });
  }
}

/** Why the process did not start, and the status it exits with (the numbers are those of sysexits.h). */
export const startFaults = {
  CONFIG_INVALID: { status: 78, meaning: 'A variable of the environment is missing or wrong.' },
  DATABASE_UNREACHABLE: { status: 69, meaning: 'The database does not answer, or refuses.' },
  DATABASE_NEWER: {
    status: 76,
    meaning: 'The database has migrations that this version does not know.',
  },
  DATABASE_OLDER: {
    status: 76,
    meaning: 'A command needs migrations that the service has yet to run on the database.',
  },
  MIGRATION_FAILED: {
    status: 70,
    meaning: 'A migration failed; it was undone or can be run again.',
  },
  PORT_UNAVAILABLE: { status: 75, meaning: 'The port is in use, or may not be used.' },
} as const;

export type StartFault = keyof typeof startFaults;

/** Ends the process with the status of its fault and one readable message. */
export class StartError extends Error {
  readonly fault: StartFault;

  constructor(fault: StartFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.fault = fault;
  }

  get status(): number {
    return startFaults[this.fault].status;
  }
}
