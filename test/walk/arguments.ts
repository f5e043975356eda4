/**
 * The values of the arguments that the walk has to give, since no schema tells them. They name rows
 * that `test/walk/rows.ts` makes. A field or filter that is new and not here fails the walk.
 */

/** Required arguments, by `Type.field`, as GraphQL text. `$size` is the number of rows asked for. */
export const requiredArguments: Record<string, string> = {
  'Query.job': 'id: $job',
  'Query.user': 'id: $user',
  'Query.node(Job)': 'id: $job',
  'Query.node(User)': 'id: $user',
  'Query.node(Metadata)': 'id: $metadata',
  'Query.node(Segment)': 'id: $segment',
  'Query.node(AuditLog)': 'id: $auditLog',
  'Query.nodes(Job)': 'ids: $jobs',
  'Query.nodes(User)': 'ids: $users',
  'Query.nodes(Metadata)': 'ids: $metadatas',
  'Query.nodes(Segment)': 'ids: $segments',
  'Query.nodes(AuditLog)': 'ids: $auditLogs',
  'Query.searchJobs': 'query: "walk"',
  'Query.searchSegments': 'query: "walk"',
  // The rows are older than the period that is taken where none is given.
  'Query.userActivity': 'from: "2025-01-01T00:00:00Z", to: "2026-01-01T00:00:00Z"',
  'Performance.trace': 'id: "none"',
  'Performance.metrics': 'name: "poolUsed"',
  'Performance.explain': 'operation: "{ viewer { id } }"',
};

/** The variables above, with their types. */
export const variableTypes: Record<string, string> = {
  size: 'Int!',
  job: 'ID!',
  user: 'ID!',
  metadata: 'ID!',
  segment: 'ID!',
  auditLog: 'ID!',
  jobs: '[ID!]!',
  users: '[ID!]!',
  metadatas: '[ID!]!',
  segments: '[ID!]!',
  auditLogs: '[ID!]!',
};

const since = '{ from: "2026-01-01T00:00:00Z" }';

/**
 * One filter each, by `InputType.field`, as the arguments of the connection. A range comes with the
 * ordering of its own column: no index can serve a range of one column in the order of another.
 * The values fit a few rows of the base alone, fewer than a page: what is added never matches.
 */
export const filterArguments: Record<string, string> = {
  'JobFilter.status': 'filter: { status: ENRICHING }',
  'JobFilter.model': 'filter: { model: "rare" }',
  'JobFilter.userId': 'filter: { userId: $user }',
  'JobFilter.createdAt': `filter: { createdAt: ${since} }`,
  'JobFilter.durationSeconds':
    'filter: { durationSeconds: { from: 100000 } }, orderBy: { field: DURATION }',
  'JobFilter.fileSizeBytes':
    'filter: { fileSizeBytes: { from: 100000000 } }, orderBy: { field: FILE_SIZE }',
  'UserFilter.role': 'filter: { role: ADMIN }',
  'UserFilter.isActive': 'filter: { isActive: false }',
  'UserFilter.createdAt': `filter: { createdAt: ${since} }`,
  'UserFilter.lastLogin': `filter: { lastLogin: ${since} }, orderBy: { field: LAST_LOGIN }`,
  'UserFilter.usernamePrefix': 'filter: { usernamePrefix: "walker" }, orderBy: { field: USERNAME }',
  'AuditLogFilter.endpoint': 'filter: { endpoint: "Rare" }',
  'AuditLogFilter.clientIp': 'filter: { clientIp: "203.0.113.1" }',
  'AuditLogFilter.eventType': 'filter: { eventType: "rare" }',
  'AuditLogFilter.severity': 'filter: { severity: CRITICAL }',
  'AuditLogFilter.userId': 'filter: { userId: $user }',
  'AuditLogFilter.timestamp': `filter: { timestamp: ${since} }`,
  'AlertFilter.rule': 'filter: { rule: SLOW_QUERY }',
  'AlertFilter.onlyOpen': 'filter: { onlyOpen: true }',
  'FindingFilter.kind': 'filter: { kind: N_PLUS_ONE }',
  'FindingFilter.includeClosed': 'filter: { includeClosed: true }',
  'FindingFilter.includeDismissed': 'filter: { includeDismissed: true }',
  'UserAuditLogFilter.eventType': 'filter: { eventType: "rare" }',
  'UserAuditLogFilter.timestamp': `filter: { timestamp: ${since} }`,
};
