import type { Figure, Line } from './results.ts';

const ROW = 30;
const TOP = 64;
const LABELS = 330;
const PANEL = 230;
const BAR = 150;

interface Panel {
  title: string;
  figure: Figure;
  /** A second one beside it, as a mark. */
  beyond?: Figure;
}

const panels: readonly Panel[] = [
  { title: 'requests/s', figure: 'requestsPerSecond' },
  { title: 'CPU µs a request', figure: 'cpuMicroseconds' },
  { title: 'p50 (bar) and p99 (line), ms', figure: 'p50Ms', beyond: 'p99Ms' },
];

const escaped = (text: string): string =>
  text.replace(/[*`]/g, '').replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const short = (value: number): string =>
  value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en');

/** From the smallest to the largest of the rounds. */
const whisker = (from: number, to: number, y: number): string =>
  `<path d="M${from} ${y}H${to}M${from} ${y - 4}v8M${to} ${y - 4}v8" stroke="#222" fill="none"/>`;

function barOf(line: Line, panel: Panel, scale: (value: number) => number, x: number, y: number) {
  const { min, median, max } = line.of(panel.figure);
  const beyond = panel.beyond ? line.of(panel.beyond).median : null;
  const end = x + scale(Math.max(max, beyond ?? 0));
  const label = beyond === null ? short(median) : `${short(median)} / ${short(beyond)}`;
  const ratio =
    panel.figure === 'requestsPerSecond' && line.ofOurs !== null && line.name !== 'ours'
      ? ` (× ${line.ofOurs.toFixed(2)})`
      : '';
  return [
    `<rect x="${x}" y="${y - 8}" width="${scale(median)}" height="16" fill="${line.name === 'ours' ? '#0b6e4f' : '#9db4c0'}"/>`,
    beyond === null
      ? whisker(x + scale(min), x + scale(max), y)
      : whisker(x + scale(median), x + scale(beyond), y),
    `<text x="${end + 6}" y="${y + 4}" font-size="11">${label}${ratio}</text>`,
  ].join('');
}

function panelOf(panel: Panel, lines: readonly Line[], x: number): string {
  const largest = Math.max(
    ...lines.flatMap((line) => [
      line.of(panel.figure).max,
      panel.beyond ? line.of(panel.beyond).median : 0,
    ]),
  );
  const scale = (value: number): number => Math.round((value / largest) * BAR * 10) / 10;
  return [
    `<text x="${x}" y="${TOP - 14}" font-weight="bold">${escaped(panel.title)}</text>`,
    ...lines.map((line, index) => barOf(line, panel, scale, x, TOP + ROW * index + ROW / 2)),
  ].join('\n');
}

/** Bars for each contender: medians, the spread of the rounds as whiskers, and the ratio to ours. */
export function plotOf(title: string, lines: readonly Line[]): string {
  const width = LABELS + panels.length * (PANEL + 40);
  const height = TOP + ROW * lines.length + 20;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="24" font-size="16" font-weight="bold">${escaped(title)}</text>
${lines
  .map(
    (line, index) =>
      `<text x="${LABELS - 12}" y="${TOP + ROW * index + ROW / 2 + 4}" text-anchor="end">${escaped(line.title)}</text>`,
  )
  .join('\n')}
${panels.map((panel, index) => panelOf(panel, lines, LABELS + index * (PANEL + 40))).join('\n')}
</svg>
`;
}
