/** Why the worker does not go on, and the status it exits with (the numbers are those of sysexits.h). */
export const workerFaults = {
  SETTINGS_INVALID: 78,
  PROGRAM_MISSING: 69,
  MODEL_MISSING: 69,
  KEY_REFUSED: 77,
} as const;

/** Ends the worker with the status of its fault and one readable message. */
export class WorkerFault extends Error {
  readonly fault: keyof typeof workerFaults;

  constructor(fault: keyof typeof workerFaults, message: string) {
    super(message);
    this.fault = fault;
  }

  get status(): number {
    return workerFaults[this.fault];
  }
}
