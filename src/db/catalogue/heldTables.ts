/**
 * To tell a size, or an expression of an index, PostgreSQL waits for whoever holds the table to himself,
 * as VACUUM FULL does. That is just when somebody wants to look; so of tables that are held, or about to
 * be, reports tell what can be told without waiting. A common table expression, `held(relation)`.
 */
export const heldTables = `held AS MATERIALIZED (
  SELECT relation FROM pg_locks
   WHERE mode = 'AccessExclusiveLock'
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)`;

export const isHeld = (relation: string): string => `${relation} IN (SELECT relation FROM held)`;
