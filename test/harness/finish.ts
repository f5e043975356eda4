/** Ends a job well, with the shortest transcript that there is. */
export const FINISH = `mutation Finish($id: ID!, $attempt: Int!) {
  completeJob(
    id: $id
    attempt: $attempt
    transcript: { text: "Hi.", language: "en", segments: [{ start: 0, end: 1, text: "Hi." }] }
  ) { id }
}`;
