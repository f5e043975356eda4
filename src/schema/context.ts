import type { Knex } from 'knex';
import type { DatabaseReports } from '../administration/databaseReports.ts';
import type { Watching } from '../administration/watching.ts';
import type { Origin } from '../auth/audit.ts';
import type { Tokens } from '../auth/tokens.ts';
import type { Authenticator, Viewer } from '../auth/viewer.ts';
import type { QueueSettings } from '../jobs/leases.ts';
import type { JobFeed } from '../live/jobFeed.ts';
import type { Loaders } from '../loaders/index.ts';
import type { Gauges } from '../perf/gauges.ts';
import type { History } from '../perf/history.ts';
import type { Monitor } from '../perf/monitor.ts';
import type { PlanTaker } from '../perf/planTaker.ts';
import type { QueryLimits } from './queryCost.ts';

/** What every resolver has at hand. */
export interface Context {
  db: Knex;
  /** For what may read far more than it answers: in turns, and on SQLite off the thread that serves. */
  longReads: Knex;
  /** For what may be slow or is the monitor's own: not observed, and off the thread that serves. */
  background: Knex;
  databaseReports: DatabaseReports;
  loaders: Loaders;
  /** Null where the request brought no credentials. */
  viewer: Viewer | null;
  origin: Origin;
  requestId: string;
  tokens: Tokens;
  authenticator: Authenticator;
  monitor: Monitor;
  history: History;
  /** What time it is for the monitor. */
  clock: () => Date;
  queue: QueueSettings;
  jobFeed: JobFeed;
  /** The most keys that a loader puts into one statement. */
  maxBatchSize: number;
  limits: QueryLimits;
  /** Whether statements are only told, and answered with supposed rows. */
  isRehearsal: boolean;
  gauges: Gauges;
  /** Where statements are explained and none is run: not observed, and off the thread that serves. */
  plans: Knex;
  planTaker: PlanTaker;
  /** Whether administrators see the values that slow statements were sent with. */
  showBindValues: boolean;
  watching: Watching;
}
