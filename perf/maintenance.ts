import { userInfo } from 'node:os';
import type { Knex } from 'knex';
import {
  analyzeTables,
  type Maintainer,
  MaintenanceFailedError,
  reindex as rebuild,
  recountAll,
} from '../src/administration/maintenance.ts';
import { ApiError } from '../src/errors.ts';
import { type Command, CommandFailedError, readArguments, UsageError } from './command.ts';

/** Who is at the command line, as the system calls them; a container may know no name. */
function operatorName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

const maintainer = (db: Knex, command: string): Maintainer => ({
  db,
  background: db,
  viewer: { kind: 'service', name: `command line (${operatorName()})` },
  origin: { clientIp: null, userAgent: null, operationName: `perf ${command}`, method: null },
});

/** What was refused is told in one line, as the API tells it. */
async function told(work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    const isRefusal = error instanceof ApiError || error instanceof MaintenanceFailedError;
    if (!isRefusal) throw error;
    throw new CommandFailedError(error.message, { cause: error });
  }
}

/** Lets the planner know its tables anew: all, where none is named. */
export const analyze: Command = {
  usage: '[TABLE…]',
  read(args) {
    const { positionals } = readArguments(args, {}, { allowPositionals: true });
    const names = positionals.length === 0 ? null : positionals;
    return ({ db }) =>
      told(async () => {
        const tables = await analyzeTables(maintainer(db, 'analyze'), names);
        return tables.map((table) => `Analyzed ${table}.`).join('\n');
      });
  },
};

/** Builds an index anew. */
export const reindex: Command = {
  usage: 'INDEX',
  read(args) {
    const { positionals } = readArguments(args, {}, { allowPositionals: true });
    const [index, ...others] = positionals;
    if (index === undefined || others.length > 0) {
      throw new UsageError(`reindex takes the name of one index, not ${positionals.length}`);
    }
    return ({ db }) =>
      told(async () => `Built ${await rebuild(maintainer(db, 'reindex'), index)} anew.`);
  },
};

/** Counts anew what statistics and totals are read from. */
export const recount: Command = {
  usage: '',
  read(args) {
    readArguments(args, {});
    return ({ db }) =>
      told(async () => {
        const tables = await recountAll(maintainer(db, 'recount'));
        return tables.map((table) => `Counted ${table} anew.`).join('\n');
      });
  },
};
