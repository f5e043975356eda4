import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

/**
 * What each part of `src/` may import beside its own files, from the top down. A name after `type` may
 * be imported by `import type` alone, which leaves nothing to load.
 */
const mayImport = {
  'main.ts': [
    'process.ts',
    'startOrExit.ts',
    'server.ts',
    'auth/',
    'db/',
    'environment.ts',
    'logger.ts',
    'config.ts',
    'errors.ts',
  ],
  'process.ts': ['server.ts', 'config.ts'],
  'startOrExit.ts': ['errors.ts'],
  'server.ts': [
    'telemetry/',
    'http/',
    'plugins/',
    'schema/',
    'loaders/',
    'live/',
    'perf/',
    'administration/',
    'jobs/',
    'auth/',
    'db/',
    'config.ts',
    'errors.ts',
  ],
  'telemetry/': ['http/', 'perf/', 'errors.ts', 'type config.ts'],
  'http/': ['type auth/'],
  'plugins/': ['type http/', 'schema/', 'type loaders/', 'perf/', 'auth/', 'errors.ts'],
  'schema/': [
    'loaders/',
    'live/',
    'perf/',
    'administration/',
    'jobs/',
    'transcripts/',
    'auth/',
    'db/',
    'errors.ts',
  ],
  'loaders/': ['transcripts/', 'db/'],
  'live/': ['db/'],
  // It could be lifted out into a package, so it knows nothing of the rest.
  'perf/': [],
  'administration/': ['live/', 'perf/', 'auth/', 'db/', 'errors.ts'],
  'jobs/': ['transcripts/', 'auth/', 'db/', 'errors.ts'],
  'transcripts/': ['type db/'],
  'auth/': ['db/', 'config.ts', 'errors.ts'],
  'db/': ['type config.ts', 'errors.ts'],
  'logger.ts': ['perf/', 'type config.ts'],
  'environment.ts': [],
  'config.ts': ['errors.ts'],
  'errors.ts': [],
} as const satisfies Record<string, readonly string[]>;

/** SQL is written in `src/db/` alone, so only it loads these. */
const databasePackages = /^(knex|better-sqlite3|pg)(\/|$)/;

interface Import {
  file: string;
  line: number;
  /** A path from the root of the project, or the name of a package. */
  imported: string;
  isPackage: boolean;
  typeOnly: boolean;
}

export interface Offence extends Import {
  rule: string;
}

/** Whole statements, over lines. `import { type A }` loads its module, so it is no type import. */
const statement =
  /^(?:import|export)\s+(type\s+)?(?:(?:\w+[\s,]*)?(?:\{[^}]*\}|\*(?:\s+as\s+\w+)?)?\s*from\s*)?['"]([^'"]+)['"]/gm;
const dynamicImport = /\bimport\(()\s*['"]([^'"]+)['"]/g;

function importsOf(file: string, text: string): Import[] {
  return [statement, dynamicImport].flatMap((pattern) =>
    [...text.matchAll(pattern)].map(({ index, 1: type, 2: specifier = '' }) => {
      const isPackage = !specifier.startsWith('.');
      return {
        file,
        line: text.slice(0, index).split('\n').length,
        imported: isPackage ? specifier : posix.join(posix.dirname(file), specifier),
        isPackage,
        typeOnly: Boolean(type),
      };
    }),
  );
}

/** `db/` of `src/db/jobs.ts`, `main.ts` of `src/main.ts`. */
const partOf = (file: string): string => /^src\/([^/]+\/?)/.exec(file)?.[1] ?? '';

const isPart = (name: string): name is keyof typeof mayImport => name in mayImport;

/** The rule of the table that an import breaks, if any. */
function brokenLayer(found: Import): string | null {
  const from = partOf(found.file);
  const to = partOf(found.imported);
  if (!isPart(from)) return `src/${from} has no layer in scripts/checkImports.ts`;
  if (to === '') return 'src/ imports only src/ and packages';
  const allowed: readonly string[] = mayImport[from];
  if (to === from || allowed.includes(to)) return null;
  if (allowed.includes(`type ${to}`)) {
    return found.typeOnly ? null : `${from} may import only types of ${to}`;
  }
  return `${from} may import ${[from, ...allowed].join(', ')}`;
}

function brokenRule(found: Import): string | null {
  if (!found.isPackage) return brokenLayer(found);
  const loadsDriver = databasePackages.test(found.imported) && !found.typeOnly;
  return loadsDriver && partOf(found.file) !== 'db/' ? 'only db/ may load a database driver' : null;
}

/** The imports that close a circle: of those from a file, the ones that lead back to it. */
function circles(imports: readonly Import[]): Offence[] {
  const byFile = Map.groupBy(imports, ({ file }) => file);
  const offences: Offence[] = [];
  const left = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (left.has(file)) return;
    for (const found of byFile.get(file) ?? []) {
      const start = [...path, file].indexOf(found.imported);
      if (start === -1) visit(found.imported, [...path, file]);
      else {
        const circle = [...path, file, found.imported].slice(start);
        offences.push({ ...found, rule: `a circle: ${circle.join(' -> ')}` });
      }
    }
    left.add(file);
  };
  for (const file of byFile.keys()) visit(file, []);
  return offences;
}

/** Every import of the files (path → text) that breaks a rule. */
export function offencesIn(files: ReadonlyMap<string, string>): Offence[] {
  const imports = [...files].flatMap(([file, text]) => importsOf(file, text));
  const misplaced = imports.flatMap((found) => {
    const rule = brokenRule(found);
    return rule === null ? [] : [{ ...found, rule }];
  });
  const loading = imports.filter(({ isPackage, typeOnly }) => !isPackage && !typeOnly);
  return [...misplaced, ...circles(loading)];
}

export const shown = ({ file, line, imported, rule }: Offence): string =>
  `${file}:${line} -> ${imported} (${rule})`;

if (import.meta.main) {
  const paths = globSync('src/**/*.ts').map((path) => path.replaceAll('\\', '/'));
  const offences = offencesIn(new Map(paths.map((path) => [path, readFileSync(path, 'utf8')])));
  for (const offence of offences) console.error(shown(offence));
  if (offences.length > 0) process.exitCode = 1;
}
