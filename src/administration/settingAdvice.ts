import type { DatabaseFacts, SettingRow } from '../db/catalogue/catalogue.ts';

export const settingVerdicts = ['fits', 'info', 'warning', 'critical'] as const;

export type SettingVerdict = (typeof settingVerdicts)[number];

export interface SettingAdvice {
  name: string;
  value: string;
  /** Null where what is set is what is advised, or nothing can be said. */
  advised: string | null;
  verdict: SettingVerdict;
  why: string;
  /** To paste; null where there is nothing to change, or another place to change it in. */
  sql: string | null;
}

/** What is known where a setting is judged. */
export interface Circumstances {
  facts: DatabaseFacts;
  /** Connections that this process may hold at once. */
  poolSize: number;
  numberOf(setting: string): number;
}

/** Another value than the one that is set, and how much it matters. */
interface Change {
  advised: string;
  verdict: Exclude<SettingVerdict, 'fits'>;
  why: string;
  sql: string | null;
}

/** Null where what is set fits. */
export type Judge = (setting: SettingRow, circumstances: Circumstances) => Change | null;

/** A setting: what it is good for, and when it should be another. */
export interface SettingRule {
  fits: string | ((circumstances: Circumstances) => string);
  judge: Judge;
}

/** Judges settings by the rules of a database. One that has no rule is not spoken of. */
export function judgeSettings(
  settings: readonly SettingRow[],
  rules: Readonly<Record<string, SettingRule>>,
  known: Omit<Circumstances, 'numberOf'>,
): SettingAdvice[] {
  const numbers = new Map(settings.map(({ name, number }) => [name, number ?? 0]));
  const circumstances = { ...known, numberOf: (name: string) => numbers.get(name) ?? 0 };
  return settings.flatMap((setting): SettingAdvice[] => {
    const rule = rules[setting.name];
    if (!rule) return [];
    const { name, value } = setting;
    const change = rule.judge(setting, circumstances);
    if (change) return [{ name, value, ...change }];
    const why = typeof rule.fits === 'string' ? rule.fits : rule.fits(circumstances);
    return [{ name, value, advised: null, verdict: 'fits', why, sql: null }];
  });
}

const MIB = 1024 ** 2;

/** The next power of two, so that advice does not change with every row. */
export const rounded = (bytes: number): number => 2 ** Math.ceil(Math.log2(Math.max(bytes, MIB)));

/** Bytes for people: `512 MB`, as both databases take it for 1024 × 1024. */
export function shownBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  return `${Number((bytes / 1024 ** step).toFixed(1))} ${units[step]}`;
}
