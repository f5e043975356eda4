/** SQL of a value of a row, whose name is given. */
type OfRow = (row: string) => string;

/** Counts and sums, by a key. */
export interface Rollup {
  name: string;
  /** The columns of the key with their types, in the order that rows are looked up by. */
  key: Readonly<Record<string, string>>;
  /** In which rows a row of the table is counted: the key, as SQL over the grain. */
  levels: readonly Readonly<Record<string, string>>[];
  /** SQL over the grain and the figures of the table. */
  figures: Readonly<Record<string, string>>;
  /** The figure that is 0 where there is nothing to count. */
  count: string;
}

/**
 * A table whose rows are counted as they come, change and go, whoever changes them. All figures are whole numbers, so
 * that adding and subtracting in any order gives what counting anew would give.
 */
export interface CountedTable {
  table: string;
  /** Columns that what is counted depends on. */
  columns: readonly string[];
  /** Columns that a row can be found by, where a period has a day or an hour in part. */
  found: readonly string[];
  /** What a row is counted by, with its type. */
  grain: Readonly<Record<string, { type: string; of: OfRow }>>;
  figures: Readonly<Record<string, OfRow>>;
  rollups: readonly Rollup[];
}

export const list = (parts: readonly string[]): string => parts.join(', ');
const named = (values: Readonly<Record<string, string>>): string =>
  list(Object.entries(values).map(([name, value]) => `${value} AS ${name}`));

export const differences = ({ table }: CountedTable): string => `${table}_differences`;
export const trigger = ({ table }: CountedTable, event: string): string =>
  `count_${table}_${event}`;
export const triggerEvents = ['insert', 'delete', 'update', 'truncate'];

const grainOf = ({ grain }: CountedTable): string[] => Object.keys(grain);
export const columnsOf = (counted: CountedTable): string[] => [
  ...grainOf(counted),
  ...Object.keys(counted.figures),
];
export const keyOf = ({ key }: Rollup): string[] => Object.keys(key);
export const figuresOf = ({ figures }: Rollup): string[] => Object.keys(figures);

/** The grain and the figures of a row, negative where it goes. */
export const valuesOf = ({ grain, figures }: CountedTable, row: string, sign = ''): string =>
  list([
    ...Object.values(grain).map(({ of }) => of(row)),
    ...Object.values(figures).map((of) => `${sign}(${of(row)})`),
  ]);

/** What a rollup has of rows with the grain and the figures. */
export const levelsOf = ({ key, figures, levels }: Rollup, source: string): string =>
  levels
    .map(
      (level) =>
        `SELECT ${list(Object.keys(key).map((column) => `${level[column]} AS ${column}`))},
                ${named(figures)} FROM ${source}`,
    )
    .join(' UNION ALL ');

export const sumsOf = (figures: readonly string[]): string =>
  list(figures.map((figure) => `sum(${figure}) AS ${figure}`));

/** How the rows are counted, each alone and all together: what the rollup and the differences have to be equal to. */
export function countingViews(counted: CountedTable, rollup: Rollup): string[] {
  const { table, grain, figures, found } = counted;
  const key = list(keyOf(rollup));
  const values = named({
    ...Object.fromEntries(Object.entries(grain).map(([name, { of }]) => [name, of('counted')])),
    ...Object.fromEntries(Object.entries(figures).map(([name, of]) => [name, of('counted')])),
  });
  const beside = found.filter((column) => !(column in grain));
  return [
    `CREATE VIEW each_${rollup.name} AS
       SELECT ${list([...beside, ...grainOf(counted)])}, ${named(rollup.figures)}
         FROM (SELECT ${list([...beside.map((column) => `counted.${column}`), values])}
                 FROM ${table} AS counted) AS each_row`,
    `CREATE VIEW counted_${rollup.name} AS
       WITH grain AS MATERIALIZED (
         SELECT ${list(grainOf(counted))}, ${sumsOf(Object.keys(figures))}
           FROM (SELECT ${values} FROM ${table} AS counted) AS each_row GROUP BY ${list(grainOf(counted))}
       ) SELECT ${key}, ${sumsOf(figuresOf(rollup))}
           FROM (${levelsOf(rollup, 'grain')}) AS levels GROUP BY ${key}`,
    // One statement reads both, so it sees each difference once, folded or not.
    `CREATE VIEW current_${rollup.name} AS
       SELECT ${list([...keyOf(rollup), ...figuresOf(rollup)])} FROM ${rollup.name}
        UNION ALL ${levelsOf(rollup, differences(counted))}`,
  ];
}

export const differencesTable = (counted: CountedTable, id: string): string => {
  const grain = Object.entries(counted.grain).map(([name, { type }]) => `${name} ${type} NOT NULL`);
  const figures = Object.keys(counted.figures).map((figure) => `${figure} bigint NOT NULL`);
  return `CREATE TABLE ${differences(counted)} (${list([`id ${id}`, ...grain, ...figures])})`;
};

export const rollupTable = (rollup: Rollup): string => {
  const key = Object.entries(rollup.key).map(([column, type]) => `${column} ${type} NOT NULL`);
  const figures = figuresOf(rollup).map((figure) => `${figure} bigint NOT NULL`);
  return `CREATE TABLE ${rollup.name} (${list([...key, ...figures])}, PRIMARY KEY (${list(keyOf(rollup))}))`;
};

/** What is done as rows come, go and change: one difference is appended, or two. */
export const appending = (counted: CountedTable, ...rows: string[]): string =>
  `INSERT INTO ${differences(counted)} (${list(columnsOf(counted))})
   VALUES ${list(rows.map((row) => `(${row})`))};`;
