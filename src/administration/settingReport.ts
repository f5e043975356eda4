import type { Knex } from 'knex';
import { catalogueOf } from '../db/catalogue/catalogueOf.ts';
import { postgresRules } from './postgresSettingAdvice.ts';
import { judgeSettings, type SettingAdvice } from './settingAdvice.ts';
import { sqliteRules } from './sqliteSettingAdvice.ts';

/** The settings of each database have names of their own, so the rules of both can stand together. */
const rules = { ...postgresRules, ...sqliteRules };

/** The settings of SQLite belong to a connection; all of this process are opened alike. */
export async function reportSettings(db: Knex, poolSize: number): Promise<SettingAdvice[]> {
  const catalogue = catalogueOf(db);
  const settings = await catalogue.findSettings(db);
  const facts = await catalogue.findDatabaseFacts(db);
  return judgeSettings(settings, rules, { facts, poolSize });
}
