import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { catalogueOf } from '../src/db/catalogue/catalogueOf.ts';
import { type DatabaseKind, openDatabases } from './growth/databases.ts';
import { countsOf, openSized, type Sized, timesOf } from './growth/meter.ts';
import { plotOf } from './growth/plot.ts';
import { queries } from './growth/queries.ts';

/** What the queries of the API cost while the data grows. The databases are kept for the next time. */
const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '20000,200000,2000000' },
    databases: { type: 'string', default: 'sqlite,postgres' },
  },
});
const sizes = options.sizes.split(',').map(Number);
const results = new URL('./results/', import.meta.url);

/** A page may cost so many times as much in the largest as in the smallest. */
const FLAT = 1.2;

const written = (value: number | null | undefined): string =>
  value == null ? '–' : Math.round(value).toLocaleString('en');

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** How many times the last is the first, and whether that is what was to be reached. */
function growthOf(times: readonly number[], isPage: boolean): string {
  const growth = (times.at(-1) ?? Number.NaN) / (times[0] ?? Number.NaN);
  const isMissed = growth > (isPage ? FLAT : (sizes.at(-1) ?? 1) / (sizes[0] ?? 1));
  return isMissed ? `**× ${growth.toFixed(2)}**` : `× ${growth.toFixed(2)}`;
}

/** Bytes a job of the tables and indexes that take the most. */
async function sizeTable(databases: readonly Sized[]): Promise<string> {
  const found: Map<string, number>[] = [];
  for (const { db, jobs } of databases) {
    const rows = await catalogueOf(db).findSizes(db);
    found.push(
      new Map(
        rows.map(({ name, kind, bytes, toastBytes }) => [
          `${kind} \`${name}\``,
          (bytes + toastBytes) / jobs,
        ]),
      ),
    );
  }
  const largest = found.at(-1) ?? new Map<string, number>();
  const names = [...largest].sort(([, one], [, other]) => other - one).map(([name]) => name);
  const total = found.map((bytes) => [...bytes.values()].reduce((sum, value) => sum + value, 0));
  return [
    row(['bytes a job', ...sizes.map(written)]),
    row(['---', ...sizes.map(() => '--:')]),
    row(['all', ...total.map(written)]),
    ...names
      .slice(0, 30)
      .map((name) => row([name, ...found.map((bytes) => written(bytes.get(name)))])),
  ].join('\n');
}

async function measured(kind: DatabaseKind): Promise<string> {
  const { addresses, close } = await openDatabases(kind, sizes);
  const databases: Sized[] = [];
  for (const [index, address] of addresses.entries()) {
    databases.push(await openSized(address, sizes[index] ?? 0));
  }
  const times: number[][] = [];
  for (const query of queries) {
    times.push(await timesOf(query, databases));
    console.error(`${kind}: ${query.name}: ${times.at(-1)?.map(written).join(', ')} µs`);
  }
  const counts: (number | null)[][] = [];
  for (const sized of databases) counts.push(await countsOf(queries, sized));
  const sizesWritten = await sizeTable(databases);
  for (const { db } of databases) await db.destroy();
  await close();
  writeFileSync(
    new URL(`growth-${kind}.svg`, results),
    plotOf(
      `What a query costs on ${kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'} while the data grows`,
      queries.map(({ name, kind: queryKind }, index) => ({
        name,
        isPage: queryKind === 'page',
        points: sizes.map((jobs, place) => ({
          jobs,
          microseconds: Math.max(1, times[index]?.[place] ?? 1),
        })),
      })),
    ),
  );
  const unit = kind === 'sqlite' ? 'steps' : 'pages';
  const lines = queries.map(({ name, kind: queryKind }, index) =>
    row([
      name,
      queryKind,
      ...(times[index] ?? []).map(written),
      growthOf(times[index] ?? [], queryKind === 'page'),
      ...counts.map((ofSize) => written(ofSize[index])),
    ]),
  );
  return `## ${kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'}

![](growth-${kind}.svg)

${row(['', '', ...sizes.map((jobs) => `${written(jobs)}, µs`), 'growth', ...sizes.map((jobs) => `${written(jobs)}, ${unit}`)])}
${row(['---', '---', ...sizes.map(() => '--:'), '--:', ...sizes.map(() => '--:')])}
${lines.join('\n')}

${sizesWritten}
`;
}

mkdirSync(results, { recursive: true });
const parts: string[] = [];
for (const kind of options.databases.split(',') as DatabaseKind[]) parts.push(await measured(kind));
const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
const report = `# What a query costs while the data grows

1,000 users; the mean of some hundred calls (of what is slow, of eight), the sizes in turn, in microseconds of the
processor: of the thread on SQLite, Knex included, of the backend on PostgreSQL (without parallel workers). A page may grow to × ${FLAT}, a sum by less than
the data; what does not is **bold**. Beside it what the database counted for one call: steps of SQLite's machine (no
more than 200,000 jobs fit into the one that counts), pages that PostgreSQL looked at.
SQLite keeps 64 MiB of pages and maps 256 MiB of the file; PostgreSQL has its default shared_buffers of 128 MB; the page cache
of the system has the rest of both. The largest of
PostgreSQL is made of copies of 200,000 jobs.

${new Date().toISOString().slice(0, 10)}, commit ${commit}, Node ${process.version}, ${cpus()[0]?.model} × ${cpus().length}, load average of the machine ${loadavg()
  .map((load) => load.toFixed(1))
  .join(', ')}.

${parts.join('\n')}`;
writeFileSync(new URL('growth.md', results), report);
console.log(report);
