import { updatePerformanceResetTime } from '../db/performanceReset.ts';
import { type Actor, audited } from './audit.ts';

/** Lets the monitor begin anew, for all processes: what was counted before `time` counts no more. */
export async function resetPerformance(actor: Actor, time: Date): Promise<Date> {
  return audited(actor, async (transaction) => {
    await updatePerformanceResetTime(transaction, time.toISOString());
    return {
      result: time,
      event: {
        eventType: 'performance_reset',
        severity: 'warning',
        statusCode: 200,
        resourceType: 'performance',
        resourceId: null,
      },
    };
  });
}
