import { describe, expect, test } from 'vitest';
import { offencesIn, shown } from '../scripts/checkImports.ts';

/** What the check says of these files, which are all that there is. */
const complaints = (files: Record<string, string>): string[] =>
  offencesIn(new Map(Object.entries(files))).map(shown);

const nothing = 'export const nothing = null;';

describe('the check of imports', () => {
  test('lets every layer import what is below it', () => {
    expect(
      complaints({
        'src/main.ts': "import { createApp } from './server.ts';",
        'src/server.ts': "import { useViewer } from './plugins/useViewer.ts';",
        'src/plugins/useViewer.ts': "import type { Context } from '../schema/context.ts';",
        'src/schema/context.ts': "import type { Loaders } from '../loaders/index.ts';",
        'src/schema/job.ts': "import { isTranscribed } from '../db/jobs.ts';",
        'src/loaders/index.ts': "import { findJobsByIds } from '../db/jobs.ts';",
        'src/db/jobs.ts': "import knex from 'knex';\nimport { ApiError } from '../errors.ts';",
        'src/perf/monitor.ts': "import { LRUCache } from 'lru-cache';",
      }),
    ).toEqual([]);
  });

  test.each([
    ['src/db/jobs.ts', '../schema/job.ts'],
    ['src/db/jobs.ts', '../loaders/jobById.ts'],
    ['src/loaders/jobById.ts', '../auth/viewer.ts'],
    ['src/loaders/jobById.ts', '../errors.ts'],
    ['src/perf/monitor.ts', '../errors.ts'],
    ['src/auth/viewer.ts', '../perf/trace.ts'],
    ['src/schema/job.ts', '../server.ts'],
    ['src/schema/job.ts', '../config.ts'],
    ['src/plugins/useViewer.ts', '../db/users.ts'],
    ['src/errors.ts', './config.ts'],
  ])('refuses that %s imports %s', (file, specifier) => {
    const [complaint] = complaints({ [file]: `${nothing}\nimport { a } from '${specifier}';` });
    expect(complaint).toMatch(`${file}:2 -> src/`);
    // A type is knowledge too.
    expect(complaints({ [file]: `import type { A } from '${specifier}';` })).toHaveLength(1);
  });

  test('lets transcripts/ and db/ know types of what they may not load', () => {
    const transcripts = 'src/transcripts/formats.ts';
    const types = "import type { SegmentRow } from '../db/segments.ts';";
    const values = "import { findSegmentsByIds } from '../db/segments.ts';";
    expect(complaints({ [transcripts]: types })).toEqual([]);
    expect(complaints({ [transcripts]: values })).toEqual([
      `${transcripts}:1 -> src/db/segments.ts (transcripts/ may import only types of db/)`,
    ]);
    expect(complaints({ 'src/db/client.ts': "import { a } from '../config.ts';" })).toHaveLength(1);
  });

  test.each(['knex', 'better-sqlite3', 'pg', 'knex/lib/dialects/postgres/index.js'])(
    'refuses that %s is loaded outside src/db/',
    (driver) => {
      const load = `import driver from '${driver}';`;
      const types = `import type { Driver } from '${driver}';`;
      expect(complaints({ 'src/db/client.ts': load })).toEqual([]);
      expect(complaints({ 'src/schema/job.ts': types })).toEqual([]);
      expect(complaints({ 'src/schema/job.ts': load })).toEqual([
        `src/schema/job.ts:1 -> ${driver} (only db/ may load a database driver)`,
      ]);
    },
  );

  test.each(['seed/fill.ts', 'test/harness/given.ts', 'scripts/generate.ts'])(
    'refuses that src/ imports %s',
    (outside) => {
      expect(complaints({ 'src/db/jobs.ts': `import { a } from '../../${outside}';` })).toEqual([
        `src/db/jobs.ts:1 -> ${outside} (src/ imports only src/ and packages)`,
      ]);
    },
  );

  test('refuses a folder that the table of layers does not have', () => {
    expect(complaints({ 'src/jokes/one.ts': "import { a } from '../errors.ts';" })).toEqual([
      'src/jokes/one.ts:1 -> src/errors.ts (src/jokes/ has no layer in scripts/checkImports.ts)',
    ]);
  });

  test('names a circle of what is loaded', () => {
    expect(
      complaints({
        'src/db/a.ts': "import { b } from './b.ts';",
        'src/db/b.ts': "export { c } from './c.ts';",
        'src/db/c.ts': `${nothing}\nimport { type A } from './a.ts';`,
        'src/db/d.ts': "import { a } from './a.ts';",
      }),
    ).toEqual([
      'src/db/c.ts:2 -> src/db/a.ts (a circle: src/db/a.ts -> src/db/b.ts -> src/db/c.ts -> src/db/a.ts)',
    ]);
  });

  test('lets types go in a circle: nothing is loaded for them', () => {
    expect(
      complaints({
        'src/db/a.ts': "import { b } from './b.ts';",
        'src/db/b.ts': "import type { A } from './a.ts';\nexport type { C } from './a.ts';",
      }),
    ).toEqual([]);
  });

  test.each([
    ['over several lines', "import {\n  a,\n  type B,\n} from '../schema/job.ts';"],
    ['of everything', "import * as jobs from '../schema/job.ts';"],
    ['of a default', "import job, { a } from '../schema/job.ts';"],
    ['for effects', "import '../schema/job.ts';"],
    ['that exports again', "export * from '../schema/job.ts';"],
    ['while running', "const job = await import('../schema/job.ts');"],
  ])('sees an import %s', (_kind, text) => {
    expect(complaints({ 'src/db/jobs.ts': text })).toHaveLength(1);
  });

  test('takes no text for an import', () => {
    const text =
      "const hint = `\n  import { a } from '../schema/job.ts';`;\nexport const b = 'from';";
    expect(complaints({ 'src/db/jobs.ts': text })).toEqual([]);
  });
});
