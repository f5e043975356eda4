import type { Actor } from '../auth/accounts.ts';
import type { Viewer } from '../auth/viewer.ts';
import { ApiError } from '../errors.ts';
import type { Context } from './context.ts';

type Person = Extract<Viewer, { kind: 'user' }>;

/** Who changes accounts. The field's scopes let only people through; the types do not know that. */
export function actorOf({ db, viewer, origin }: Context): Actor & { viewer: Person } {
  if (viewer?.kind !== 'user') throw new ApiError('FORBIDDEN', 'This is for people.');
  return { db, viewer, origin };
}
