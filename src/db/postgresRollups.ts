import {
  appending,
  type CountedTable,
  countingViews,
  differences,
  differencesTable,
  levelsOf,
  list,
  type Rollup,
  rollupTable,
  sumsOf,
  trigger,
  valuesOf,
} from './rollupDefinition.ts';

/** So many differences become part of the rollups at a time, by one process. */
const STEP = 1000;

export function postgresRollups(counted: CountedTable): string[] {
  const { table, columns, rollups } = counted;
  const values = (row: string, sign = '') => valuesOf(counted, row, sign);
  const triggered = (event: string, when: string, body: string): string[] => [
    `CREATE FUNCTION ${trigger(counted, event)}() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN ${body} RETURN NULL; END $$`,
    `CREATE TRIGGER ${trigger(counted, event)} AFTER ${when} ON ${table}
       FOR EACH ${event === 'truncate' ? 'STATEMENT' : 'ROW'} EXECUTE FUNCTION ${trigger(counted, event)}()`,
  ];
  const lock = `pg_try_advisory_xact_lock(hashtext('${differences(counted)}'))`;
  const merge = ({ name, count, ...rollup }: Rollup): string => {
    const [key, figures] = [Object.keys(rollup.key), Object.keys(rollup.figures)];
    const all = [...key, ...figures];
    return `
      MERGE INTO ${name} AS kept USING (
        SELECT ${list(key)}, ${sumsOf(figures)}
          FROM (${levelsOf({ name, count, ...rollup }, 'unnest(taken)')}) AS levels GROUP BY ${list(key)}
      ) AS difference ON ${key.map((column) => `kept.${column} = difference.${column}`).join(' AND ')}
      WHEN MATCHED AND kept.${count} + difference.${count} = 0 THEN DELETE
      WHEN MATCHED THEN UPDATE SET
        ${list(figures.map((figure) => `${figure} = kept.${figure} + difference.${figure}`))}
      WHEN NOT MATCHED AND difference.${count} <> 0 THEN INSERT (${list(all)})
        VALUES (${list(all.map((column) => `difference.${column}`))});`;
  };
  const recount = rollups.map(({ name }) => `INSERT INTO ${name} SELECT * FROM counted_${name}`);
  const others = recount.slice(1).map((insert, index) => `, other_${index} AS (${insert})`);
  return [
    `${differencesTable(counted, 'bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY')}
       WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = ${STEP})`,
    ...rollups.flatMap((rollup) => [
      // Figures are in no index, so a page with room left takes a changed row without touching any.
      `${rollupTable(rollup)} WITH (fillfactor = 70)`,
      ...countingViews(counted, rollup),
    ]),
    ...triggered('insert', 'INSERT', appending(counted, values('NEW'))),
    ...triggered('delete', 'DELETE', appending(counted, values('OLD', '-'))),
    // Not by WHEN, which PostgreSQL would read anew for each statement.
    ...triggered(
      'update',
      `UPDATE OF ${list(columns)}`,
      `IF (${values('OLD')}) IS DISTINCT FROM (${values('NEW')}) THEN
         ${appending(counted, values('OLD', '-'), values('NEW'))}
       END IF;`,
    ),
    ...triggered('truncate', 'TRUNCATE', `PERFORM recount_${table}();`),
    `CREATE FUNCTION fold_${table}() RETURNS integer LANGUAGE plpgsql AS $$
     DECLARE taken ${differences(counted)}[];
     BEGIN
       IF NOT ${lock} THEN RETURN 0; END IF;
       WITH gone AS (
         DELETE FROM ${differences(counted)} WHERE id IN (
           SELECT id FROM ${differences(counted)} ORDER BY id LIMIT ${STEP}) RETURNING *
       ) SELECT array_agg(gone) INTO taken FROM gone;
       IF taken IS NULL THEN RETURN 0; END IF;
       ${rollups.map(merge).join(' ')}
       RETURN cardinality(taken);
     END $$`,
    // The last statement has one snapshot: each change is counted in it and its difference taken away, or neither is
    // seen, and its difference stays. So writers go on meanwhile. The lock comes first, in a statement of its own, so
    // that the snapshot has what was folded before.
    `CREATE FUNCTION recount_${table}() RETURNS void LANGUAGE plpgsql AS $$
     BEGIN
       PERFORM ${lock.replace('try_', '')};
       ${rollups.map(({ name }) => `DELETE FROM ${name};`).join(' ')}
       WITH gone AS (DELETE FROM ${differences(counted)}) ${others.join('')} ${recount[0]};
     END $$`,
  ];
}
