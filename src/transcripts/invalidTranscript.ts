/** Whisper's JSON is none, or breaks a rule. */
export class InvalidTranscriptError extends Error {
  /** The place of the segment, from 0; null where it is not about one. */
  readonly segment: number | null;

  constructor(message: string, segment: number | null = null) {
    super(message);
    this.segment = segment;
  }
}
