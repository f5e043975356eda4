/** Ends a job for good. */
export const FINISH = `mutation Finish($id: ID!, $attempt: Int!) {
  failJob(id: $id, attempt: $attempt, code: AUDIO_UNREADABLE, message: "") { id }
}`;
