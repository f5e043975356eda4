import { ApiError } from '../errors.ts';

/** Reads what the monitor stored. Where that can't be done, nothing but that fails: HISTORY_UNAVAILABLE. */
export async function readStored<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch {
    throw new ApiError(
      'HISTORY_UNAVAILABLE',
      'What the monitor stored can’t be read from the database now; `performance { history { failure } }` may say why.',
    );
  }
}
