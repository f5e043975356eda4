import type { Profiler } from 'node:inspector';

/** What the time went to; what is under no path of ours belongs to who called it. */
const parts: readonly [part: string, path: RegExp][] = [
  ['monitor', /\/src\/perf\/|hdr-histogram-js/],
  ['SQL', /\/src\/db\/|better-sqlite3|\/knex\/|\/tarn\/|\/pg\//],
  ['authentication', /\/src\/auth\/|fast-jwt/],
  ['GraphQL', /\/src\/(schema|loaders|plugins)\/|graphql-jit|\/graphql\/|@pothos|\/dataloader\//],
  [
    'HTTP',
    /\/src\/(http|server)|graphql-yoga|@whatwg-node|@envelop|@graphql-tools|node:(_http|net|internal\/stream)/,
  ],
];

const COLLECTOR = 'garbage collection';
const OTHER = 'Node itself';

export interface Share {
  part: string;
  /** Of the time that the processor worked, 0 to 1. */
  share: number;
}

function ownPartOf({ callFrame }: Profiler.ProfileNode): string | null {
  if (callFrame.functionName === '(garbage collector)') return COLLECTOR;
  return parts.find(([, path]) => path.test(callFrame.url))?.[0] ?? null;
}

/** How much of the time each part took, the most first. What waits is left out. */
export function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Share[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const partById = new Map<number, string>();
  const assign = (node: Profiler.ProfileNode, callersPart: string): void => {
    const part = ownPartOf(node) ?? callersPart;
    partById.set(node.id, part);
    for (const child of (node.children ?? []).map((id) => byId.get(id))) {
      if (child) assign(child, part);
    }
  };
  const [root] = nodes;
  if (root) assign(root, OTHER);
  const times = new Map<string, number>();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const name = byId.get(id)?.callFrame.functionName;
    if (name === '(idle)' || name === '(program)') continue;
    const time = timeDeltas[index] ?? 0;
    const part = partById.get(id) ?? OTHER;
    times.set(part, (times.get(part) ?? 0) + time);
    total += time;
  }
  return [...times]
    .map(([part, time]) => ({ part, share: time / total }))
    .sort((a, b) => b.share - a.share);
}
