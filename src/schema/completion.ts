import { completeJob } from '../jobs/completion.ts';
import { workerOf } from './actor.ts';
import { builder } from './builder.ts';
import { leaseArguments } from './lease.ts';
import { Job } from './nodes.ts';

builder.mutationField('completeJob', (t) =>
  t.field({
    type: Job,
    authScopes: { worker: true },
    description:
      'Hands in the transcript and ends the job. All is checked before anything is stored, and nobody sees any of it before all is. Sent again with the same token, it gives the completed job again. For workers. LEASE_LOST, and nothing changed, where the lease is over or another has the job; INVALID_TRANSCRIPT where a rule is broken.',
    args: {
      ...leaseArguments,
      transcript: t.arg({
        type: 'WhisperJson',
        required: true,
        description:
          'What Whisper wrote. Its segments are in order, overlap by 20 ms at most, and lie within the duration: only the end of the last is clamped to it.',
      }),
      durationSeconds: t.arg.float({
        description:
          "The length of the audio, in seconds; if not given, the job's own, else where the last segment ends.",
      }),
    },
    resolve: (_root, { id, attempt, transcript, durationSeconds }, context) =>
      completeJob(
        workerOf(context),
        { jobId: id.id, attempt },
        { transcript: transcript.open(), durationSeconds: durationSeconds ?? null },
      ),
  }),
);
