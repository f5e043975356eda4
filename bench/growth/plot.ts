export interface Series {
  name: string;
  isPage: boolean;
  /** Microseconds by the number of jobs. */
  points: readonly { jobs: number; microseconds: number }[];
}

const WIDTH = 900;
const HEIGHT = 620;
const LEFT = 70;
const RIGHT = 290;
const TOP = 50;
const BOTTOM = 50;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Names at the ends of their lines, moved apart where they would lie on each other. */
function labelPlaces(wanted: readonly number[]): number[] {
  const order = wanted.map((y, index) => ({ y, index })).sort((a, b) => a.y - b.y);
  const places: number[] = [];
  let lowest = TOP - 20;
  for (const { y, index } of order) {
    lowest = Math.max(y, lowest + 12);
    places[index] = lowest;
  }
  return places;
}

/** Lines on two logarithmic axes: a flat one does not grow, one of 45 degrees grows as the data does. */
export function plotOf(title: string, series: readonly Series[]): string {
  const all = series.flatMap(({ points }) => points);
  const decades = (values: readonly number[]): [number, number] => [
    Math.floor(Math.log10(Math.min(...values))),
    Math.ceil(Math.log10(Math.max(...values))),
  ];
  const [lowest, highest] = decades(all.map(({ microseconds }) => microseconds));
  const sizes = [...new Set(all.map(({ jobs }) => jobs))].sort((a, b) => a - b);
  const first = Math.log10(sizes[0] ?? 1);
  const last = Math.log10(sizes.at(-1) ?? 10);
  const x = (jobs: number): number =>
    LEFT + ((Math.log10(jobs) - first) / (last - first)) * (WIDTH - LEFT - RIGHT);
  const y = (microseconds: number): number =>
    HEIGHT -
    BOTTOM -
    ((Math.log10(microseconds) - lowest) / (highest - lowest)) * (HEIGHT - TOP - BOTTOM);
  const labels = labelPlaces(series.map(({ points }) => y(points.at(-1)?.microseconds ?? 1)));
  const grid = Array.from({ length: highest - lowest + 1 }, (_, index) => {
    const value = 10 ** (lowest + index);
    return `<path d="M${LEFT} ${y(value)}H${WIDTH - RIGHT}" stroke="#ddd"/><text x="${LEFT - 8}" y="${y(value) + 4}" text-anchor="end">${value.toLocaleString('en')} µs</text>`;
  });
  const axis = sizes.map(
    (jobs) =>
      `<text x="${x(jobs)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${jobs.toLocaleString('en')} jobs</text>`,
  );
  const lines = series.map(({ name, isPage, points }, index) => {
    const color = isPage ? '#0b6e4f' : '#c0562b';
    const path = points.map(({ jobs, microseconds }) => `${x(jobs)} ${y(microseconds)}`);
    const end = y(points.at(-1)?.microseconds ?? 1);
    const label = labels[index] ?? end;
    return `<path d="M${path.join('L')}" stroke="${color}" fill="none"/><path d="M${WIDTH - RIGHT} ${end}L${WIDTH - RIGHT + 14} ${label}" stroke="#bbb"/><text x="${WIDTH - RIGHT + 18}" y="${label + 4}" font-size="11" fill="${color}">${escaped(name)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">
<title>${escaped(title)}</title>
<rect width="100%" height="100%" fill="#fff"/>
<text x="${LEFT}" y="26" font-size="16" font-weight="bold">${escaped(title)}</text>
${[...grid, ...axis, ...lines].join('\n')}
</svg>
`;
}
