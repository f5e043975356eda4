// Knex's command line reads this: `npx knex migrate:latest`, `migrate:down`, `migrate:rollback`.

import { readConfig } from './src/config.ts';
import { knexConfig } from './src/db/client.ts';
import { environment } from './src/environment.ts';

export default knexConfig(readConfig(environment()).database);
