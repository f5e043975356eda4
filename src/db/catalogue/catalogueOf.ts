import type { Knex } from 'knex';
import { dialectOf } from '../client.ts';
import { sqlite } from '../sqlite.ts';
import type { Catalogue } from './catalogue.ts';
import { postgresCatalogue } from './postgresCatalogue.ts';
import { sqliteCatalogue } from './sqliteCatalogue.ts';

export const catalogueOf = (db: Knex): Catalogue =>
  dialectOf(db) === sqlite ? sqliteCatalogue : postgresCatalogue;
