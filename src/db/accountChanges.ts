export interface AccountChangeListener {
  /** Accounts or keys may have changed since this was last called, whoever changed them. */
  onChange(): void;
  /** Told of what went wrong; the watch goes on by itself. */
  onFault(fault: unknown): void;
}

export interface AccountWatch {
  /** Over when the watch has begun, or can't begin yet. */
  begun: Promise<void>;
  /**
   * Tells the listener what it has not been told. False where that can't be known: what was read of
   * accounts before may be out of date.
   */
  look(): boolean;
  stop(): void;
}
