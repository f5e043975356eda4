import { beforeAll, describe, expect, test } from 'vitest';
import type { UserRow } from '../src/db/users.ts';
import { useApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases } from './harness/databases.ts';
import { globalId, minutes } from './harness/given.ts';

interface Log {
  edges: { node: { details: string } }[];
  totalCount: number;
}

const ENTRIES = '{ edges { node { details } } totalCount }';

/** What the entries tell, in order. */
function details({ edges, totalCount }: Log): string {
  expect(totalCount).toBe(edges.length);
  return edges.map(({ node }) => node.details).join('');
}

describe.each(databases)('the audit log on $name', (kind) => {
  const api = useApi(kind);
  let as: Client;
  let somebody: { user: UserRow; id: string };

  beforeAll(async () => {
    const administrator = await api.given.administrator();
    as = administrator.as;
    somebody = await api.given.user();
    const rows = [
      { severity: 'warning' as const, event_type: 'login_refused', user_id: null },
      { client_ip: '198.51.100.7', user_id: administrator.user.id },
      { endpoint: 'CreateUser', event_type: 'user_created', severity: 'critical' as const },
      { endpoint: null, client_ip: null },
    ];
    for (const [index, row] of rows.entries()) {
      await api.given.auditLog({
        timestamp: minutes(index),
        user_id: somebody.user.id,
        details: 'abcd'.charAt(index),
        ...row,
      });
    }
  });

  // a: a login that was refused, by nobody; b: by the administrator, from another address; c: a critical
  // CreateUser; d: from nowhere. The newest, d, comes first.
  test.each([
    ['nothing', {}, 'dcba'],
    ['an endpoint', { endpoint: 'Login' }, 'ba'],
    ['an address', { clientIp: '198.51.100.7' }, 'b'],
    ['a kind of event', { eventType: 'login_succeeded' }, 'db'],
    ['a severity', { severity: 'CRITICAL' }, 'c'],
    [
      'a time from (included) and to (not)',
      { timestamp: { from: minutes(1), to: minutes(3) } },
      'cb',
    ],
    ['a time from', { timestamp: { from: minutes(3) } }, 'd'],
    ['a time to', { timestamp: { to: minutes(1) } }, 'a'],
    ['something that no entry has', { endpoint: '' }, ''],
    [
      'all at once',
      {
        endpoint: 'CreateUser',
        clientIp: '192.0.2.1',
        eventType: 'user_created',
        severity: 'CRITICAL',
        timestamp: { from: minutes(0), to: minutes(9) },
      },
      'c',
    ],
  ])('can be filtered by %s', async (_name, filter, expected) => {
    const { auditLogs }: { auditLogs: Log } = await as.query(
      `query Log($filter: AuditLogFilter!) { auditLogs(filter: $filter) ${ENTRIES} }`,
      { filter },
    );
    expect(details(auditLogs)).toBe(expected);
  });

  test('can be filtered by a user, also together with more', async () => {
    const query = `query Log($filter: AuditLogFilter!) { auditLogs(filter: $filter) ${ENTRIES} }`;
    for (const [filter, expected] of [
      [{ userId: somebody.id }, 'dc'],
      [{ userId: somebody.id, endpoint: 'CreateUser' }, 'c'],
      [{ userId: globalId('User', 999_999) }, ''],
    ] as const) {
      const { auditLogs }: { auditLogs: Log } = await as.query(query, { filter });
      expect(details(auditLogs)).toBe(expected);
    }
  });

  test('refuses the id of something else as a user', async () => {
    const query = 'query Log($id: ID!) { auditLogs(filter: { userId: $id }) { totalCount } }';
    expect((await as.refusal(query, { id: globalId('Job', 1) })).code).toBe('BAD_USER_INPUT');
  });

  test('has all values of an entry, and its user', async () => {
    await api.given.auditLog({
      event_type: 'everything_known',
      user_id: somebody.user.id,
      username: somebody.user.username,
      user_agent: 'curl/8',
      status_code: 200,
      resource_type: 'user',
      resource_id: '7',
      session_id: 'a session',
      details: 'more',
      timestamp: '2026-01-01T00:00:00.500Z',
    });
    const query = `{
      auditLogs(filter: { eventType: "everything_known" }) {
        edges {
          node {
            timestamp eventType severity user { id } username clientIp userAgent endpoint method
            statusCode resourceType resourceId sessionId details
          }
        }
      }
    }`;
    const node = {
      timestamp: '2026-01-01T00:00:00.500Z',
      eventType: 'everything_known',
      severity: 'INFO',
      user: { id: somebody.id },
      username: somebody.user.username,
      clientIp: '192.0.2.1',
      userAgent: 'curl/8',
      endpoint: 'Login',
      method: 'POST',
      statusCode: 200,
      resourceType: 'user',
      resourceId: '7',
      sessionId: 'a session',
      details: 'more',
    };
    expect(await as.query(query)).toEqual({ auditLogs: { edges: [{ node }] } });
  });

  test('of a user has their entries alone, and can be filtered', async () => {
    const { user, id } = await api.given.user();
    for (const [index, event_type] of [
      'login_refused',
      'login_succeeded',
      'login_refused',
    ].entries()) {
      const timestamp = minutes(index);
      await api.given.auditLog({ user_id: user.id, timestamp, event_type, details: String(index) });
    }
    const query = `query OfUser($id: ID!, $from: DateTime!) {
      user(id: $id) {
        all: auditLogs ${ENTRIES}
        refused: auditLogs(filter: { eventType: "login_refused" }) ${ENTRIES}
        late: auditLogs(filter: { timestamp: { from: $from } }) ${ENTRIES}
      }
    }`;
    const answer: { user: Record<'all' | 'refused' | 'late', Log> } = await as.query(query, {
      id,
      from: minutes(1),
    });
    expect(details(answer.user.all)).toBe('210');
    expect(details(answer.user.refused)).toBe('20');
    expect(details(answer.user.late)).toBe('21');
  });

  test('survives the user whom it names', async () => {
    const { user } = await api.given.user();
    const event_type = `gone-${user.id}`;
    await api.given.auditLog({ user_id: user.id, username: user.username, event_type });
    await api.db('users').where('id', user.id).delete();
    const query = `query Gone($event: String!) {
      auditLogs(filter: { eventType: $event }) { edges { node { username user { id } } } }
    }`;
    expect(await as.query(query, { event: event_type })).toEqual({
      auditLogs: { edges: [{ node: { username: user.username, user: null } }] },
    });
  });

  test('is for administrators alone', async () => {
    const user = await api.given.user();
    const worker = await api.given.worker();
    const query = '{ auditLogs { totalCount } }';
    expect((await user.as.refusal(query)).code).toBe('FORBIDDEN');
    expect((await worker.as.refusal(query)).code).toBe('FORBIDDEN');
    expect((await api.client.refusal(query)).code).toBe('UNAUTHENTICATED');
    const own = '{ viewer { auditLogs { totalCount } } }';
    expect((await user.as.refusal(own)).code).toBe('FORBIDDEN');
  });
});
