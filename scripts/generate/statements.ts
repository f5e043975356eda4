import * as alerts from '../../src/db/alerts.ts';
import * as apiKeys from '../../src/db/apiKeys.ts';
import * as auditLogs from '../../src/db/auditLogs.ts';
import { postgresCatalogue } from '../../src/db/catalogue/postgresCatalogue.ts';
import * as findings from '../../src/db/findings.ts';
import * as jobs from '../../src/db/jobs.ts';
import * as metadata from '../../src/db/metadata.ts';
import * as performanceComparison from '../../src/db/performanceComparison.ts';
import * as performanceMetrics from '../../src/db/performanceMetrics.ts';
import * as performanceReset from '../../src/db/performanceReset.ts';
import * as queryPerformanceLogs from '../../src/db/queryPerformanceLogs.ts';
import * as queue from '../../src/db/queue.ts';
import * as search from '../../src/db/search.ts';
import * as segments from '../../src/db/segments.ts';
import * as statementLedgers from '../../src/db/statementLedgers.ts';
import * as statistics from '../../src/db/statistics.ts';
import * as tableSamples from '../../src/db/tableSamples.ts';
import * as transcripts from '../../src/db/transcripts.ts';
import * as users from '../../src/db/users.ts';
import { alertCalls } from './calls/alerts.ts';
import { apiKeyCalls } from './calls/apiKeys.ts';
import { auditLogCalls } from './calls/auditLogs.ts';
import type { Call } from './calls/calls.ts';
import { catalogueCalls } from './calls/catalogue.ts';
import { findingCalls } from './calls/findings.ts';
import { jobCalls } from './calls/jobs.ts';
import { metadataCalls } from './calls/metadata.ts';
import {
  performanceComparisonCalls,
  performanceMetricCalls,
  performanceResetCalls,
  queryPerformanceLogCalls,
} from './calls/performance.ts';
import { queueCalls } from './calls/queue.ts';
import { searchCalls } from './calls/search.ts';
import { segmentCalls } from './calls/segments.ts';
import { statementLedgerCalls } from './calls/statementLedgers.ts';
import { statisticsCalls } from './calls/statistics.ts';
import { tableSampleCalls } from './calls/tableSamples.ts';
import { transcriptCalls } from './calls/transcripts.ts';
import { userCalls } from './calls/users.ts';
import { formatSql } from './formatSql.ts';
import { type GeneratedFile, heading } from './generatedFile.ts';
import { type RecordedDatabase, recordedPostgres, recordedSqlite } from './recordedDatabases.ts';

interface QueryFile {
  name: string;
  module: object;
  calls: Record<string, Record<string, Call>>;
}

/** The files of src/db/ whose functions a request may call. */
const queryFiles: readonly QueryFile[] = [
  { name: 'alerts', module: alerts, calls: alertCalls },
  { name: 'apiKeys', module: apiKeys, calls: apiKeyCalls },
  { name: 'auditLogs', module: auditLogs, calls: auditLogCalls },
  // Both databases have the same functions.
  { name: 'catalogue', module: postgresCatalogue, calls: catalogueCalls },
  { name: 'findings', module: findings, calls: findingCalls },
  { name: 'jobs', module: jobs, calls: jobCalls },
  { name: 'metadata', module: metadata, calls: metadataCalls },
  {
    name: 'performanceComparison',
    module: performanceComparison,
    calls: performanceComparisonCalls,
  },
  { name: 'performanceMetrics', module: performanceMetrics, calls: performanceMetricCalls },
  { name: 'performanceReset', module: performanceReset, calls: performanceResetCalls },
  {
    name: 'queryPerformanceLogs',
    module: queryPerformanceLogs,
    calls: queryPerformanceLogCalls,
  },
  { name: 'queue', module: queue, calls: queueCalls },
  { name: 'search', module: search, calls: searchCalls },
  { name: 'segments', module: segments, calls: segmentCalls },
  {
    name: 'statementLedgers',
    module: statementLedgers,
    calls: statementLedgerCalls,
  },
  { name: 'statistics', module: statistics, calls: statisticsCalls },
  { name: 'transcripts', module: transcripts, calls: transcriptCalls },
  { name: 'tableSamples', module: tableSamples, calls: tableSampleCalls },
  { name: 'users', module: users, calls: userCalls },
];

const isQuery = (exported: unknown): boolean =>
  typeof exported === 'function' && exported.constructor.name === 'AsyncFunction';

/** The compiler says the same; but a file is also generated without it. */
function refuseMissing({ name, module, calls }: QueryFile): void {
  for (const [query, exported] of Object.entries(module)) {
    if (!isQuery(exported) || query in calls) continue;
    throw new Error(
      `${query} of src/db/${name}.ts has no call in scripts/generate/calls/${name}.ts.`,
    );
  }
}

/** What a call sends. A function may fail for want of a row, but not before it asked for one. */
async function sentBy(call: Call, { db, sent }: RecordedDatabase): Promise<string[]> {
  sent.length = 0;
  try {
    await call(db);
  } catch (error) {
    if (sent.length === 0) throw error;
  }
  return [...sent];
}

async function textOf({ name, calls }: QueryFile, database: RecordedDatabase): Promise<string> {
  const parts = [`${heading('--')}-- What the functions of src/db/${name}.ts send.\n`];
  for (const [query, variants] of Object.entries(calls)) {
    for (const [variant, call] of Object.entries(variants)) {
      const statements = (await sentBy(call, database)).map(formatSql);
      parts.push(`-- ${query}: ${variant}\n${statements.join('\n')}\n`);
    }
  }
  return parts.join('\n');
}

/** The SQL of every query function, as each database gets it. */
export async function statementFiles(): Promise<GeneratedFile[]> {
  queryFiles.forEach(refuseMissing);
  const files: GeneratedFile[] = [];
  for (const database of [await recordedSqlite(), recordedPostgres()]) {
    for (const queryFile of queryFiles) {
      files.push({
        path: `test/sql/${queryFile.name}.${database.name}.sql`,
        text: await textOf(queryFile, database),
      });
    }
    await database.db.destroy();
  }
  return files;
}
