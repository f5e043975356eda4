import type { JobRow } from '../db/jobs.ts';
import type { ShownUser } from '../db/users.ts';
import type { Viewer } from './viewer.ts';

/** Whose rows a viewer may see: everybody's (null), or one user's. */
export interface Sight {
  userId: number | null;
}

export const isAdministrator = (viewer: Viewer | null): boolean =>
  viewer?.kind === 'user' && viewer.user.role === 'admin';

/** A password that somebody else set gives access to nothing but changing it. */
export const mustChangePassword = (viewer: Viewer | null): boolean =>
  viewer?.kind === 'user' && Boolean(viewer.user.must_change_password);

/** Null where the viewer may see no jobs at all. Workers take anybody's jobs. */
export function sightOf(viewer: Viewer | null): Sight | null {
  if (!viewer || mustChangePassword(viewer)) return null;
  if (viewer.kind === 'worker' || isAdministrator(viewer)) return { userId: null };
  return { userId: viewer.user.id };
}

/** What the viewer may not see does not exist for them. */
export function visibleJob<Job extends JobRow>(
  viewer: Viewer | null,
  job: Job | null | undefined,
): Job | null {
  const sight = sightOf(viewer);
  if (!job || !sight) return null;
  return sight.userId === null || sight.userId === job.user_id ? job : null;
}

/** People see themselves, administrators everybody, workers nobody. */
export function visibleUser(
  viewer: Viewer | null,
  user: ShownUser | null | undefined,
): ShownUser | null {
  if (!user || viewer?.kind !== 'user') return null;
  return isAdministrator(viewer) || viewer.user.id === user.id ? user : null;
}

/** Ids begin at 1, so these are nobody's rows. */
const NOBODY = 0;

/** Whose rows to read where `asked` is asked for (null: anybody's): null for everybody's. */
export function userIdInSight(viewer: Viewer | null, asked: number | null): number | null {
  const sight = sightOf(viewer);
  if (!sight) return NOBODY;
  if (sight.userId === null) return asked;
  return asked === null || asked === sight.userId ? sight.userId : NOBODY;
}
