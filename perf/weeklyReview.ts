import { capacity } from './capacity.ts';
import type { Surroundings } from './command.ts';
import {
  adviceColumns,
  indexColumns,
  readIndexes,
  remedies,
  type SizedIndexReport,
} from './indexes.ts';
import { type Column, markdownTable } from './table.ts';
import { bytes, moment } from './wording.ts';

const listed = <Row>(rows: readonly Row[], of: readonly Column<Row>[]): string =>
  rows.length === 0 ? 'None.' : markdownTable(rows, of);

function unusedIndexes({ countedSince, indexes, advice }: SizedIndexReport): string[] {
  const unused = indexes.filter(({ scans }) => scans === 0);
  const size = unused.reduce((sum, index) => sum + index.bytes, 0);
  const sql = remedies(advice);
  return [
    '## Unused indexes',
    `${unused.length} of ${indexes.length} indexes, ${bytes(size)} in all, were not used since ${moment(countedSince)} UTC. Those that hold a key or that the schema wants stay; the advice has what could go.`,
    listed(unused, indexColumns),
    '### Advice on indexes',
    listed(advice, adviceColumns),
    ...(sql.length === 0
      ? []
      : [`To paste, after a look:\n\n\`\`\`sql\n${sql.join('\n')}\n\`\`\``]),
  ];
}

/** How the database stands, as Markdown. */
export async function weeklyReview(surroundings: Surroundings): Promise<string> {
  const report = await readIndexes(surroundings);
  const sections = [
    `# Performance of the week to ${surroundings.now.toISOString().slice(0, 10)}`,
    ...unusedIndexes(report),
    ...(await capacity(surroundings, report)),
  ];
  return `${sections.join('\n\n')}\n`;
}
