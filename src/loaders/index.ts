import type { Databases } from '../db/client.ts';
import { auditLogById } from './auditLogById.ts';
import { auditLogCountByUserId } from './auditLogCountByUserId.ts';
import { auditLogPageByUserId } from './auditLogPageByUserId.ts';
import type { LoaderOptions } from './batched.ts';
import { jobById } from './jobById.ts';
import { jobCountByUserId } from './jobCountByUserId.ts';
import { jobPageByUserId } from './jobPageByUserId.ts';
import { jobStatusCountsByUserId } from './jobStatusCountsByUserId.ts';
import { jobTextsById } from './jobTextsById.ts';
import { metadataByJobId } from './metadataByJobId.ts';
import { segmentById } from './segmentById.ts';
import { segmentCountByJobId } from './segmentCountByJobId.ts';
import { segmentPageByJobId } from './segmentPageByJobId.ts';
import { selectedJobById } from './selectedJobById.ts';
import { transcriptByJobId } from './transcriptByJobId.ts';
import { userById } from './userById.ts';

const factories = {
  auditLogById,
  auditLogCountByUserId,
  auditLogPageByUserId,
  jobById,
  jobCountByUserId,
  jobTextsById,
  jobPageByUserId,
  jobStatusCountsByUserId,
  metadataByJobId,
  segmentById,
  segmentCountByJobId,
  segmentPageByJobId,
  selectedJobById,
  transcriptByJobId,
  userById,
};

type Factories = typeof factories;

/** A request's loaders. Each is made when it is first asked for: most requests need a few. */
export type Loaders = { readonly [Name in keyof Factories]: ReturnType<Factories[Name]> };

/** What makes the loaders of a request. */
class LoaderSet {
  readonly databases: Databases;
  readonly options: LoaderOptions;

  constructor(databases: Databases, options: LoaderOptions) {
    this.databases = databases;
    this.options = options;
  }
}

// On the prototype, once: properties that are defined for each request cost more than its loaders.
for (const [name, factory] of Object.entries(factories)) {
  Object.defineProperty(LoaderSet.prototype, name, {
    get(this: LoaderSet) {
      const value = factory(this.databases, this.options);
      Object.defineProperty(this, name, { value });
      return value;
    },
  });
}

export const createLoaders = (databases: Databases, options: LoaderOptions): Loaders =>
  // Its prototype has a property for each of the factories.
  new LoaderSet(databases, options) as unknown as Loaders;
