import { readFileSync } from 'node:fs';
import { settings } from '../../src/config.ts';
import { type GeneratedFile, heading } from './generatedFile.ts';

const example = (): string =>
  heading('#') +
  Object.entries(settings)
    .map(([name, { meaning, fallback }]) => `\n# ${meaning}\n${name}=${fallback}\n`)
    .join('');

const table = (): string =>
  [
    '| Variable | Default | Meaning |',
    '| --- | --- | --- |',
    ...Object.entries(settings).map(
      ([name, { meaning, fallback }]) =>
        `| \`${name}\` | ${fallback === '' ? 'none' : `\`${fallback}\``} | ${meaning} |`,
    ),
  ].join('\n');

/** The README with its table of settings made anew; the rest of it is written by hand. */
function readme(): string {
  const text = readFileSync('README.md', 'utf8');
  const [before, after] = [text.split('<!-- settings -->')[0], text.split('<!-- /settings -->')[1]];
  if (before === undefined || after === undefined) {
    throw new Error('README.md lacks <!-- settings --> and <!-- /settings -->.');
  }
  return `${before}<!-- settings -->\n${table()}\n<!-- /settings -->${after}`;
}

export const environmentFiles = (): GeneratedFile[] => [
  { path: '.env.example', text: example() },
  { path: 'README.md', text: readme() },
];
