import {
  type Circumstances,
  type Judge,
  rounded,
  type SettingRule,
  type SettingVerdict,
  shownBytes,
} from './settingAdvice.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

const set = (name: string, value: string, needs: 'reload' | 'restart' = 'reload'): string =>
  `ALTER SYSTEM SET ${name} = '${value}'; ${needs === 'reload' ? 'SELECT pg_reload_conf();' : '-- then restart PostgreSQL'}`;

const change = (
  name: string,
  advised: string,
  why: string,
  {
    verdict = 'info',
    needs = 'reload',
  }: { verdict?: Exclude<SettingVerdict, 'fits'>; needs?: 'reload' | 'restart' } = {},
) => ({ advised, verdict, why, sql: set(name, advised, needs) });

const megabytes = (bytes: number): string => `${Math.round(bytes / MIB)}MB`;

const isOn =
  (why: string): Judge =>
  ({ name, value }) =>
    value === 'on' ? null : change(name, 'on', why, { verdict: 'critical' });

/** How much of the machine's memory, or that it is not known. */
const ofMemory = ({ facts }: Circumstances): string =>
  facts.memoryBytes === null
    ? 'The memory of its machine is not known here.'
    : `Its machine has ${shownBytes(facts.memoryBytes)} of memory.`;

/** The share of connections beyond which a second process of the service would not fit. */
const FULL_SHARE = 0.8;

const judgeConnections: Judge = ({ name, number }, { facts, poolSize }) => {
  const most = number ?? 0;
  const used = facts.connections ?? 0;
  if (used <= most * FULL_SHARE && poolSize * 2 <= most) {
    if (most <= 500) return null;
    return change(
      name,
      '200',
      `Each of them takes memory and is looked at by every snapshot; ${used} are in use. A pooler such as PgBouncer serves more clients with fewer.`,
      { needs: 'restart' },
    );
  }
  // Room for as many again, and a second process of ours during an update.
  const wanted = Math.ceil((Math.max(used, poolSize) * 2 + 10) / 50) * 50;
  return change(
    name,
    String(wanted),
    `${used} are in use, and each process of this service may hold ${poolSize}.`,
    { verdict: 'warning', needs: 'restart' },
  );
};

/** Fewer page reads say nothing about a cache. */
const ENOUGH_READS = 100_000;

const judgeSharedBuffers: Judge = ({ name, number }, { facts }) => {
  const bytes = number ?? 0;
  if (bytes >= facts.databaseBytes) return null;
  if (facts.memoryBytes !== null) {
    const quarter = facts.memoryBytes / 4;
    const wanted = Math.min(rounded(facts.databaseBytes), 2 ** Math.floor(Math.log2(quarter)));
    if (bytes >= wanted * 0.75) return null;
    return change(
      name,
      megabytes(wanted),
      `The database has ${shownBytes(facts.databaseBytes)}; a quarter of its machine's ${shownBytes(facts.memoryBytes)} is the usual most.`,
      { verdict: 'warning', needs: 'restart' },
    );
  }
  const ratio = facts.cacheHitRatio ?? 1;
  if (ratio >= 0.99 || (facts.pagesRead ?? 0) < ENOUGH_READS) return null;
  return change(
    name,
    megabytes(Math.min(rounded(facts.databaseBytes), 8 * GIB)),
    `Of the pages asked for, ${(ratio * 100).toFixed(1)} % were in this cache; the database has ${shownBytes(facts.databaseBytes)}. The memory of its machine is not known here: stay below a quarter of it.`,
    { verdict: 'warning', needs: 'restart' },
  );
};

const judgeEffectiveCache: Judge = ({ name, number }, { facts, numberOf }) => {
  const bytes = number ?? 0;
  const shared = numberOf('shared_buffers');
  if (facts.memoryBytes !== null) {
    const [least, most] = [facts.memoryBytes / 2, facts.memoryBytes];
    if (bytes <= most && (bytes >= least || bytes >= facts.databaseBytes)) return null;
    return change(
      name,
      megabytes(facts.memoryBytes * 0.75),
      `The planner takes so much for cached. Its machine has ${shownBytes(facts.memoryBytes)}, of which some three quarters hold files.`,
    );
  }
  if (bytes >= shared * 2 || bytes >= facts.databaseBytes) return null;
  return change(
    name,
    megabytes(shared * 3),
    'The planner takes so much for cached: less than PostgreSQL and the system hold together makes it shun indexes. The memory of its machine is not known here: three quarters of that is usual.',
  );
};

const judgeWorkMemory: Judge = ({ name, number }, { facts, numberOf }) => {
  const files = facts.temporaryFiles ?? 0;
  if (files < 10) return null;
  const mean = (facts.temporaryBytes ?? 0) / files;
  // In memory the same takes some three times as much. Every sort of every connection may take it.
  const wanted = Math.min(rounded(mean * 3), 64 * MIB);
  if (wanted <= (number ?? 0)) return null;
  return change(
    name,
    megabytes(wanted),
    `${files} sorts or hashes went to files, ${shownBytes(mean)} each in the mean. Each of up to ${numberOf('max_connections')} connections may take it several times.`,
  );
};

const judgeMaintenanceMemory: Judge = ({ name, number }, { facts }) => {
  const wanted = Math.min(rounded(facts.largestIndexBytes ?? 0), GIB);
  if ((number ?? 0) >= Math.min(wanted, 256 * MIB)) return null;
  return change(
    name,
    megabytes(Math.min(wanted, 256 * MIB)),
    `The largest index has ${shownBytes(facts.largestIndexBytes ?? 0)}; what is built in memory is built faster.`,
  );
};

const judgeWal: Judge = ({ name, number }, { facts, numberOf }) => {
  const each = ((facts.walBytesPerSecond ?? 0) * numberOf('checkpoint_timeout')) / 1000;
  // A checkpoint begins when about half of it is full.
  if (each * 2 <= (number ?? 0)) return null;
  return change(
    name,
    megabytes(Math.min(rounded(each * 2), 64 * GIB)),
    `In the mean ${shownBytes(each)} are written from one checkpoint to the next in time, so they come sooner, and each writes whole pages anew.`,
    { verdict: 'warning' },
  );
};

const atLeast =
  (least: number, advised: string, why: string, needs: 'reload' | 'restart' = 'reload'): Judge =>
  ({ name, number }) =>
    (number ?? 0) >= least ? null : change(name, advised, why, { needs });

/** Where 0 means without end. */
const isLimited =
  (advised: string, why: string): Judge =>
  ({ name, number }) =>
    number === 0 ? change(name, advised, why, { verdict: 'warning' }) : null;

export const postgresRules: Readonly<Record<string, SettingRule>> = {
  autovacuum: {
    fits: 'Dead rows go and statistics are kept up by themselves.',
    judge: isOn('Dead rows stay, tables swell, and the planner works with old figures.'),
  },
  autovacuum_vacuum_scale_factor: {
    fits: 'The share of a table that may be dead before it is vacuumed.',
    judge: ({ name, number }) =>
      (number ?? 0) <= 0.2
        ? null
        : change(name, '0.1', 'So large a share of a table is dead before it is vacuumed.'),
  },
  checkpoint_timeout: {
    fits: 'Checkpoints are far enough apart.',
    judge: atLeast(
      600_000,
      '15min',
      'After each checkpoint the first change of a page writes it whole; fewer checkpoints write less. Recovery after a crash takes longer.',
    ),
  },
  effective_cache_size: {
    fits: (circumstances) =>
      `What the planner takes for cached, files included. ${ofMemory(circumstances)}`,
    judge: judgeEffectiveCache,
  },
  fsync: {
    fits: 'What is committed is on disk.',
    judge: isOn('A crash of the machine may corrupt the database beyond repair.'),
  },
  full_page_writes: {
    fits: 'A page that was half written can be restored.',
    judge: isOn('A page that a crash left half written cannot be restored.'),
  },
  idle_in_transaction_session_timeout: {
    fits: 'Who forgets a transaction does not hold locks and dead rows for ever.',
    judge: isLimited(
      '60s',
      'A client that forgets its transaction holds its locks, and keeps dead rows everywhere from going.',
    ),
  },
  jit: {
    fits: 'Statements of this API are too short to be worth compiling.',
    judge: ({ name, value }) =>
      value === 'off'
        ? null
        : change(
            name,
            'off',
            'Compiling a statement takes longer than the statements of this API run; it pays for reports that take seconds.',
          ),
  },
  maintenance_work_mem: {
    fits: ({ facts }) =>
      `Memory for VACUUM and for building an index; the largest has ${shownBytes(facts.largestIndexBytes ?? 0)}.`,
    judge: judgeMaintenanceMemory,
  },
  max_connections: {
    fits: ({ facts, poolSize }) =>
      `${facts.connections ?? 0} are in use; each process of this service may hold ${poolSize}.`,
    judge: judgeConnections,
  },
  max_wal_size: { fits: 'Checkpoints come by the clock, not by the load.', judge: judgeWal },
  random_page_cost: {
    fits: 'A page out of order costs about as much as the next one, as on SSDs.',
    judge: ({ name, number }) =>
      (number ?? 0) <= 2
        ? null
        : change(
            name,
            '1.1',
            'This is the price on spinning disks; on SSDs it makes the planner read whole tables where an index is faster.',
            { verdict: 'warning' },
          ),
  },
  shared_buffers: {
    fits: ({ facts }) =>
      `PostgreSQL's own cache, for a database of ${shownBytes(facts.databaseBytes)}${
        facts.cacheHitRatio === null
          ? ''
          : `; ${(facts.cacheHitRatio * 100).toFixed(1)} % of the pages asked for were in it`
      }. ${facts.memoryBytes === null ? 'The memory of its machine is not known here; a quarter of it is usual.' : ''}`.trim(),
    judge: judgeSharedBuffers,
  },
  shared_preload_libraries: {
    fits: 'pg_stat_statements counts what this service can be held against.',
    judge: ({ name, value }) =>
      value.includes('pg_stat_statements')
        ? null
        : change(
            name,
            [...value.split(',').filter(Boolean), 'pg_stat_statements'].join(','),
            'Without pg_stat_statements nobody but this service itself counts its statements.',
            { needs: 'restart' },
          ),
  },
  statement_timeout: {
    fits: 'No statement runs for ever.',
    judge: ({ number }) =>
      number === 0
        ? {
            advised: '30s',
            verdict: 'warning',
            why: 'A statement that went wrong runs until somebody ends it. Set it for the role of this service, so that dumps and long builds go on.',
            sql: "ALTER ROLE CURRENT_USER SET statement_timeout = '30s';",
          }
        : null,
  },
  track_activity_query_size: {
    fits: 'Statements are shown whole.',
    judge: atLeast(
      4096,
      '4096',
      'Longer statements are cut off where it is shown what runs.',
      'restart',
    ),
  },
  track_counts: {
    fits: 'The use of tables and indexes is counted.',
    judge: isOn('Nothing counts the use of tables and indexes, and autovacuum cannot work.'),
  },
  track_io_timing: {
    fits: 'Waiting for the disk is told apart from work.',
    judge: ({ name, value }) =>
      value === 'on'
        ? null
        : change(name, 'on', 'Plans and statistics cannot tell waiting for the disk from work.'),
  },
  work_mem: {
    fits: ({ facts }) =>
      `Memory of one sort or hash; ${facts.temporaryFiles ?? 0} went to files so far.`,
    judge: judgeWorkMemory,
  },
};
