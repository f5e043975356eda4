// Stands in for whisper-cli: takes its options, writes its lines and its JSON. What it does with a file is
// what the file's text says.
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    file: { type: 'string' },
    language: { type: 'string' },
    'print-progress': { type: 'boolean' },
    'output-json': { type: 'boolean' },
    'output-file': { type: 'string' },
  },
});
const { model = '', file = '', 'output-file': output = '' } = values;

if (readFileSync(model, 'utf8') === 'broken') {
  console.error('error: failed to initialize whisper context');
  process.exit(3);
}

const [, behaviour, argument = ''] = /^(\w+) ?(.*)$/.exec(readFileSync(file, 'utf8')) ?? [];

const writeTranscript = (text: string): void => {
  const json = {
    result: { language: 'en' },
    transcription: [{ offsets: { from: 0, to: 2000 }, text: ` ${text}` }],
  };
  writeFileSync(`${output}.json`, JSON.stringify(json, null, '\t'));
};

const progress = (percent: number): void => {
  const shown = String(percent).padStart(3);
  console.error(`whisper_print_progress_callback: progress = ${shown}%`);
};

switch (behaviour) {
  case 'says':
    progress(42);
    progress(100);
    writeTranscript(argument);
    break;
  case 'takes':
    progress(42);
    await sleep(Number(argument) * 1000);
    writeTranscript('done at last');
    break;
  case 'hangs':
    progress(7);
    writeFileSync(argument, String(process.pid));
    await sleep(600_000);
    break;
  case 'crashes':
    console.error('whisper_full() failed');
    process.kill(process.pid, 'SIGSEGV');
    await sleep(10_000);
    break;
  case 'forgets':
    console.error(`output_json: failed to open '${output}.json' for writing`);
    break;
  case 'writes':
    writeFileSync(`${output}.json`, argument);
    break;
  default:
    // As whisper-cli: nothing is written, and the status is 0.
    console.error(`error: failed to read audio file '${file}'`);
}
