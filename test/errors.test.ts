import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { errorCodes, startFaults } from '../src/errors.ts';

const document = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');

/** The cells of each row of the table under a heading that begins with a name in code. */
function rowsUnder(heading: string): string[][] {
  const section = document.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    .map(([, ...cells]) => cells);
}

describe('docs/errors.md', () => {
  test('has every code, and no other', () => {
    const documented = rowsUnder('Errors of an operation').map(([code]) => code);
    expect(documented.toSorted()).toEqual(Object.keys(errorCodes).sort());
  });

  test('has every fault with its exit status, and no other', () => {
    const documented = rowsUnder('Exit statuses').map(([fault, status]) => [fault, Number(status)]);
    const actual = Object.entries(startFaults).map(([fault, { status }]) => [fault, status]);
    expect(documented.toSorted()).toEqual(actual.sort());
  });
});
