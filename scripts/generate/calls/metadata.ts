import * as metadata from '../../../src/db/metadata.ts';
import { type Calls, jobIds } from './calls.ts';

export const metadataCalls: Calls<typeof metadata> = {
  findMetadataByJobIds: { 'some jobs': (db) => metadata.findMetadataByJobIds(db, jobIds) },
};
