import {
  appending,
  type CountedTable,
  columnsOf,
  countingViews,
  differences,
  differencesTable,
  figuresOf,
  keyOf,
  levelsOf,
  list,
  type Rollup,
  rollupTable,
  trigger,
  valuesOf,
} from './rollupDefinition.ts';

/** A difference that is deleted becomes part of the rollups; what has nothing to count any more is deleted there. */
export function sqliteRollups(counted: CountedTable): string[] {
  const { table, columns, rollups } = counted;
  const values = (row: string, sign = '') => valuesOf(counted, row, sign);
  const folded = `(SELECT ${list(columnsOf(counted).map((column) => `old.${column} AS ${column}`))})`;
  const fold = (rollup: Rollup): string =>
    // WHERE tells SQLite that ON CONFLICT does not belong to a join.
    `INSERT INTO ${rollup.name} (${list([...keyOf(rollup), ...figuresOf(rollup)])})
       ${levelsOf(rollup, folded)} WHERE true
     ON CONFLICT (${list(keyOf(rollup))}) DO UPDATE SET
       ${list(figuresOf(rollup).map((figure) => `${figure} = ${figure} + excluded.${figure}`))};`;
  const empty = (rollup: Rollup, event: string): string =>
    `CREATE TRIGGER ${rollup.name}_empty_${event} AFTER ${event} ON ${rollup.name}
       WHEN new.${rollup.count} = 0 BEGIN
       DELETE FROM ${rollup.name}
        WHERE (${list(keyOf(rollup))}) = (${list(keyOf(rollup).map((column) => `new.${column}`))});
     END`;
  return [
    differencesTable(counted, 'INTEGER PRIMARY KEY'),
    ...rollups.flatMap((rollup) => [
      `${rollupTable(rollup)} WITHOUT ROWID`,
      empty(rollup, 'insert'),
      empty(rollup, 'update'),
      ...countingViews(counted, rollup),
    ]),
    `CREATE TRIGGER fold_${table} AFTER DELETE ON ${differences(counted)}
     BEGIN ${rollups.map(fold).join(' ')} END`,
    `CREATE TRIGGER ${trigger(counted, 'insert')} AFTER INSERT ON ${table}
     BEGIN ${appending(counted, values('new'))} END`,
    `CREATE TRIGGER ${trigger(counted, 'delete')} AFTER DELETE ON ${table}
     BEGIN ${appending(counted, values('old', '-'))} END`,
    `CREATE TRIGGER ${trigger(counted, 'update')} AFTER UPDATE OF ${list(columns)} ON ${table}
       WHEN (${values('old')}) IS NOT (${values('new')})
     BEGIN ${appending(counted, values('old', '-'), values('new'))} END`,
  ];
}
