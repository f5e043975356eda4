export interface JobGroup {
  status: string;
  model: string;
  day: string;
  count: number;
  longest: number | null;
}

interface Total {
  key: string;
  count: number;
  completed: number;
  failed: number;
}

const frequentFirst = (a: Total, b: Total): number => b.count - a.count || (a.key < b.key ? -1 : 1);

function totalsBy(groups: readonly JobGroup[], keyOf: (group: JobGroup) => string): Total[] {
  const totals = new Map<string, Total>();
  for (const group of groups) {
    const total = totals.getOrInsertComputed(keyOf(group), (key) => ({
      key,
      count: 0,
      completed: 0,
      failed: 0,
    }));
    total.count += group.count;
    if (group.status === 'completed') total.completed += group.count;
    if (group.status.startsWith('failed')) total.failed += group.count;
  }
  return [...totals.values()];
}

/** The month's figures from its groups; `statusOf` says how a status is answered. */
export function statisticsOf(
  groups: readonly JobGroup[],
  statusOf: (status: string) => string = (status) => status,
) {
  return {
    count: groups.reduce((total, { count }) => total + count, 0),
    longestDurationSeconds: groups.reduce<number | null>(
      (most, { longest }) => (longest !== null && longest > (most ?? -1) ? longest : most),
      null,
    ),
    byStatus: totalsBy(groups, ({ status }) => status)
      .sort(frequentFirst)
      .map(({ key, count }) => ({ status: statusOf(key), count })),
    byModel: totalsBy(groups, ({ model }) => model)
      .sort(frequentFirst)
      .map(({ key, count }) => ({ model: key, count })),
    perDay: totalsBy(groups, ({ day }) => day).map(({ key, count, completed, failed }) => ({
      day: key,
      count,
      completed,
      failed,
    })),
  };
}
