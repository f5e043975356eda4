import type { AlertBoard, StoredAlert } from './alerts/alertBoard.ts';
import { alertReadings } from './alerts/alertRules.ts';
import type { FindingLog } from './findings/findingLog.ts';
import type { Regression } from './findings/regressions.ts';
import type { Monitor } from './monitor.ts';
import { TICK_MS, type TruthCheck } from './truth.ts';

interface Options<Alert extends StoredAlert> {
  monitor: Monitor;
  truth: TruthCheck;
  alerts: AlertBoard<Alert>;
  findings: FindingLog;
  clock: () => Date;
  flushFailingSeconds(): number;
  worstRegression(): Regression | null;
  /** Deletes what is over for long. */
  tidy(): Promise<void>;
  /** Told of a part of a turn that failed; the next turn tries again. */
  onFault(part: string, fault: unknown): void;
}

export interface Watch {
  /** Looks every ten seconds. */
  start(): void;
  /** One look at everything. */
  turn(): Promise<void>;
  stop(): Promise<void>;
}

/** Looks at what was counted, at the same moments in all processes. */
export function createWatch<Alert extends StoredAlert>(options: Options<Alert>): Watch {
  const { monitor, truth, alerts, findings, clock, tidy, onFault } = options;
  let running: Promise<void> | null = null;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function judge(): Promise<void> {
    const slowest = monitor.recent.turn(clock());
    const state = {
      flushFailingSeconds: options.flushFailingSeconds(),
      drift: truth.drift,
      regression: options.worstRegression(),
    };
    await alerts.turn(alertReadings(monitor.recent, slowest, state, clock()));
  }

  async function take(): Promise<void> {
    const parts: [string, () => Promise<void>][] = [
      ['truth', () => truth.turn()],
      ['alerts', judge],
      ['findings', () => findings.turn()],
      ['tidying', tidy],
    ];
    for (const [name, part] of parts) {
      try {
        await part();
      } catch (fault) {
        if (!isStopped) onFault(name, fault);
      }
    }
  }

  async function turn(): Promise<void> {
    await running;
    running = take().finally(() => {
      running = null;
    });
    await running;
  }

  function arm(): void {
    // By the clock on the wall, which is that of the other processes too.
    timer = setTimeout(
      () => {
        if (!running) void turn();
        arm();
      },
      TICK_MS - (Date.now() % TICK_MS),
    );
    timer.unref();
  }

  return {
    turn,
    start: arm,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
      await truth.close().catch((fault) => onFault('truth', fault));
    },
  };
}
