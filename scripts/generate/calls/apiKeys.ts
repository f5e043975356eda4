import * as apiKeys from '../../../src/db/apiKeys.ts';
import { type Calls, time } from './calls.ts';

export const apiKeyCalls: Calls<typeof apiKeys> = {
  findApiKeyByHash: { 'a hash': (db) => apiKeys.findApiKeyByHash(db, 'a hash') },
  insertApiKey: {
    'a key': (db) =>
      apiKeys.insertApiKey(db, {
        name: 'gpu-box-2',
        key_hash: 'a hash',
        created_by: 1,
        created_at: time,
      }),
  },
  revokeApiKeyRow: { 'an id': (db) => apiKeys.revokeApiKeyRow(db, 1, time) },
};
