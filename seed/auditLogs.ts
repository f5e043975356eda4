import type { NewAuditLog } from '../src/db/auditLogs.ts';
import { HOUR, isoTime, SECOND } from './clock.ts';
import type { SeededJob } from './jobs.ts';
import type { Owner } from './people.ts';
import type { Random } from './random.ts';

/** What is the same in all that a person does. */
const by = (owner: Owner) => ({
  user_id: owner.id,
  username: owner.user.username,
  client_ip: owner.clientIp,
  user_agent: owner.userAgent,
  method: 'POST',
  session_id: null,
  details: null,
});

const onUser = ({ id }: Owner) => ({ resource_type: 'user', resource_id: String(id) });
const onJob = ({ job }: SeededJob) => ({ resource_type: 'job', resource_id: job.id });

const sessionId = (random: Random): string => Buffer.from(random.bytes(12)).toString('base64url');

function loginSucceeded(random: Random, owner: Owner): NewAuditLog {
  return {
    ...by(owner),
    ...onUser(owner),
    timestamp: isoTime(owner.lastLoginAt),
    event_type: 'login_succeeded',
    severity: 'info',
    endpoint: 'Login',
    status_code: 200,
    session_id: sessionId(random),
  };
}

function loginRefused(random: Random, owner: Owner): NewAuditLog {
  return {
    ...by(owner),
    ...onUser(owner),
    timestamp: isoTime(owner.lastLoginAt - random.whole(4 * SECOND, 60 * SECOND)),
    event_type: 'login_refused',
    severity: 'warning',
    endpoint: 'Login',
    status_code: 401,
    details: 'The password is wrong.',
  };
}

/** Somebody else, from elsewhere, who tried one password after the other. */
function loginAttacked(random: Random, owner: Owner): NewAuditLog {
  return {
    ...loginRefused(random, owner),
    timestamp: isoTime(random.whole(owner.joinedAt, owner.lastLoginAt)),
    severity: 'critical',
    client_ip: `203.0.113.${random.whole(200, 254)}`,
    user_agent: 'curl/8.14.1',
    status_code: 429,
    details: `The password was wrong ${random.whole(10, 200)} times in a minute.`,
  };
}

function passwordChanged(random: Random, owner: Owner): NewAuditLog {
  const soon = owner.joinedAt + random.whole(60 * SECOND, HOUR);
  return {
    ...by(owner),
    ...onUser(owner),
    timestamp: isoTime(Math.min(soon, owner.lastLoginAt)),
    event_type: 'password_changed',
    severity: 'info',
    endpoint: 'ChangePassword',
    status_code: 200,
    session_id: sessionId(random),
  };
}

/** About two entries of an owner's own account. */
export function auditLogsOfOwner(random: Random, owner: Owner): NewAuditLog[] {
  return [
    ...(random.chance(0.6) ? [passwordChanged(random, owner)] : []),
    ...(random.chance(0.04) ? [loginAttacked(random, owner)] : []),
    ...(random.chance(0.35) ? [loginRefused(random, owner)] : []),
    loginSucceeded(random, owner),
  ];
}

function jobCreated(seeded: SeededJob): NewAuditLog {
  return {
    ...by(seeded.owner),
    ...onJob(seeded),
    timestamp: seeded.job.created_at,
    event_type: 'job_created',
    severity: 'info',
    endpoint: 'CreateJob',
    status_code: 200,
  };
}

function jobCompleted(random: Random, seeded: SeededJob, timestamp: string): NewAuditLog {
  return {
    ...by(seeded.owner),
    ...onJob(seeded),
    timestamp,
    event_type: 'job_completed',
    severity: 'info',
    client_ip: `10.0.0.${random.whole(11, 16)}`,
    user_agent: 'whisper-worker/1.4.0',
    endpoint: 'CompleteJob',
    status_code: 200,
  };
}

/** The entries of a job's course, for one job in twenty: those of all would be more than the jobs. */
export function auditLogsOfJob(random: Random, seeded: SeededJob): NewAuditLog[] {
  if (!random.chance(0.05)) return [];
  const { status, finished_at } = seeded.job;
  if (status !== 'completed' || finished_at === null) return [jobCreated(seeded)];
  return [jobCreated(seeded), jobCompleted(random, seeded, finished_at)];
}
