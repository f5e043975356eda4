import type { DatabaseAddress } from '../../src/config.ts';
import { reportToBenchmark } from '../serverReport.ts';

// Only the benchmark starts this: with the file of a contender, and the database.
const [file = '', address = ''] = process.argv.slice(2);
const { start }: { start(address: DatabaseAddress): Promise<string> } = await import(`./${file}`);
reportToBenchmark(await start(JSON.parse(address)));
// Whoever runs the benchmark may stop it; it then ends its servers.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
