import cliProgress from 'cli-progress';

export interface Progress {
  update(done: number): void;
  stop(): void;
}

function createBar(label: string, total: number): Progress {
  const bar = new cliProgress.SingleBar(
    { format: `${label} {bar} {percentage} %, {eta_formatted} left` },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0);
  return { update: (done) => bar.update(done), stop: () => bar.stop() };
}

/** A bar would fill a file or a log with its control characters. */
function createLines(label: string): Progress {
  console.log(label);
  return { update() {}, stop: () => console.log(`${label}: done`) };
}

/** Shows how much of a task is done. */
export const createProgress = (label: string, total: number): Progress =>
  process.stdout.isTTY ? createBar(label, total) : createLines(label);
