import type { JobStatus } from '../db/jobs.ts';
import { ApiError } from '../errors.ts';

// What a person can mend: members of a mutation's payload, not entries of `errors`.

export class IllegalStatusChangeError extends Error {
  readonly from: JobStatus;
  readonly to: JobStatus;

  constructor(from: JobStatus, to: JobStatus) {
    super(`A job that is ${from} can't become ${to}.`);
    this.from = from;
    this.to = to;
  }
}

export class IdempotencyConflictError extends Error {
  readonly idempotencyKey: string;

  constructor(idempotencyKey: string, difference: string) {
    super(`The key "${idempotencyKey}" was used for another job: ${difference}.`);
    this.idempotencyKey = idempotencyKey;
  }
}

/** Workers are programs, so this is an entry of `errors`, with its code. */
export const leaseLost = (reason: string): ApiError =>
  new ApiError('LEASE_LOST', `${reason} Nothing was changed; leave this job alone.`);
