import type { FailureCode } from '../db/jobs.ts';
import { failures, type WorkerFailureCode, workerFailures } from '../jobs/failures.ts';
import { builder } from './builder.ts';

interface Failure {
  meaning: string;
  status: string;
  isTriedAgain: boolean;
}

const described = <Code extends string>(table: Record<Code, Failure>) =>
  Object.fromEntries(
    Object.entries<Failure>(table).map(([code, { meaning, status, isTriedAgain }]) => [
      code,
      {
        value: code,
        description: `${meaning} ${isTriedAgain ? 'After the last attempt it is' : 'It is not tried again, and is'} ${status.toUpperCase()}.`,
      },
    ]),
    // Object.entries lost the names of the codes for the compiler.
  ) as Record<Code, { value: Code; description: string }>;

export const WorkerFailure = builder.enumType('WorkerFailure', {
  description: 'Why a worker could not do a job, and what becomes of the job.',
  values: described<WorkerFailureCode>(workerFailures),
});

export const JobFailure = builder.enumType('JobFailure', {
  description: 'Why an attempt at a job failed: what its worker said, or what the queue found out.',
  values: described<FailureCode>(failures),
});
