import { InvalidInputError } from '../auth/accountErrors.ts';
import { IdempotencyConflictError, IllegalStatusChangeError } from '../jobs/jobErrors.ts';
import {
  cancelJob,
  createJob,
  deleteJob,
  MAX_ATTEMPTS,
  PRIORITY,
  retryJob,
} from '../jobs/ownJobs.ts';
import { jobOwnerOf } from './actor.ts';
import { builder } from './builder.ts';
import { encodeGlobalId } from './globalId.ts';
import { Job } from './nodes.ts';

const CreateJobInput = builder.inputType('CreateJobInput', {
  description: 'A file to be transcribed.',
  fields: (t) => ({
    filename: t.string({
      required: true,
      description: 'Its name, of at most 255 characters. It is kept in the form NFC.',
    }),
    model: t.string({ required: true, description: 'The Whisper model, such as `large-v3`.' }),
    fileSizeBytes: t.field({
      type: 'SafeInt',
      required: true,
      description: 'Its size, in bytes.',
    }),
    durationSeconds: t.float({ description: 'The length of the audio, where it is known.' }),
    priority: t.int({
      required: true,
      defaultValue: 0,
      description: `Of your own jobs the higher is worked on first: ${PRIORITY.min} to ${PRIORITY.max}.`,
    }),
    runAfter: t.field({
      type: 'DateTime',
      description: 'Not before this time; at once if not given.',
    }),
    maxAttempts: t.int({
      required: true,
      defaultValue: MAX_ATTEMPTS.default,
      description: `How many attempts may fail: ${MAX_ATTEMPTS.min} to ${MAX_ATTEMPTS.max}.`,
    }),
    idempotencyKey: t.string({
      description:
        'Any text of at most 200 characters. Sent again with the same key, the answer is the job that was made then, so a request whose answer was lost can be repeated.',
    }),
  }),
});

const DeletedJob = builder.objectRef<{ id: string }>('DeletedJob').implement({
  description: 'A job that is gone.',
  fields: (t) => ({
    id: t.id({
      description: 'The id that it had.',
      resolve: ({ id }) => encodeGlobalId('Job', id),
    }),
  }),
});

const ofPeople = { $all: { reader: true, person: true } } as const;

builder.mutationFields((t) => ({
  createJob: t.field({
    type: Job,
    authScopes: ofPeople,
    errors: { types: [InvalidInputError, IdempotencyConflictError] },
    description: 'Puts a file into the queue.',
    args: {
      input: t.arg({ type: CreateJobInput, required: true, description: 'The file.' }),
    },
    resolve: (_root, { input }, context) =>
      createJob(jobOwnerOf(context), {
        ...input,
        durationSeconds: input.durationSeconds ?? null,
        runAfter: input.runAfter ?? null,
        idempotencyKey: input.idempotencyKey ?? null,
      }),
  }),
  cancelJob: t.field({
    type: Job,
    authScopes: ofPeople,
    errors: { types: [IllegalStatusChangeError] },
    description: 'Gives up a job that is not done. A worker that has it loses its lease.',
    args: { id: t.arg.globalID({ for: Job, required: true, description: 'The id of the job.' }) },
    resolve: (_root, { id }, context) => cancelJob(jobOwnerOf(context), id.id),
  }),
  retryJob: t.field({
    type: Job,
    authScopes: ofPeople,
    errors: { types: [IllegalStatusChangeError] },
    description: `Puts a job back into the queue that failed for good or was cancelled. It may have ${MAX_ATTEMPTS.default} more attempts.`,
    args: { id: t.arg.globalID({ for: Job, required: true, description: 'The id of the job.' }) },
    resolve: (_root, { id }, context) => retryJob(jobOwnerOf(context), id.id),
  }),
  deleteJob: t.field({
    type: DeletedJob,
    authScopes: ofPeople,
    description: 'Deletes a job and its transcript. A worker that has it loses its lease.',
    args: { id: t.arg.globalID({ for: Job, required: true, description: 'The id of the job.' }) },
    resolve: (_root, { id }, context) => deleteJob(jobOwnerOf(context), id.id),
  }),
}));
