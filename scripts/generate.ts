import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { documentFiles } from './generate/documents.ts';
import { environmentFiles } from './generate/environment.ts';
import type { GeneratedFile } from './generate/generatedFile.ts';
import { schemaFiles } from './generate/schema.ts';
import { statementFiles } from './generate/statements.ts';
import { statusDrawingFiles } from './generate/statusDrawing.ts';

/** Folders that hold nothing else. */
const generatedFolders = ['test/graphql', 'test/sql', 'worker/graphql'];

/** Every generated file as it should be now. */
async function generated(): Promise<GeneratedFile[]> {
  const files = [
    schemaFiles(),
    environmentFiles(),
    statusDrawingFiles(),
    await documentFiles(),
    await statementFiles(),
  ];
  return files.flat();
}

/** Files of the generated folders that nothing generates any more. */
function leftOver(files: readonly GeneratedFile[]): string[] {
  const paths = new Set(files.map(({ path }) => path));
  return generatedFolders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => !paths.has(path));
}

const isStale = ({ path, text }: GeneratedFile): boolean =>
  !existsSync(path) || readFileSync(path, 'utf8') !== text;

function write({ path, text }: GeneratedFile): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const files = await generated();
const stale = files.filter(isStale);
const extra = leftOver(files);

if (process.argv.includes('--check')) {
  for (const path of [...stale.map(({ path }) => path), ...extra]) {
    console.error(`${path} is stale; run \`npm run generate\`.`);
    process.exitCode = 1;
  }
} else {
  stale.forEach(write);
  for (const path of extra) rmSync(path);
  const changes = [
    ...stale.map(({ path }) => `${path} was written.`),
    ...extra.map((path) => `${path} was removed.`),
  ];
  console.log(changes.join('\n') || 'All is up to date.');
}
