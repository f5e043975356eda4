import { describe, expect, test } from 'vitest';
import { useApi } from './harness/api.ts';
import { databases } from './harness/databases.ts';
import { globalId } from './harness/given.ts';

const NODE = 'query Node($id: ID!) { node(id: $id) { __typename id } }';
const NODES = 'query Nodes($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }';

describe.each(databases)('nodes on $name', (kind) => {
  const api = useApi(kind);

  /** A user with one of everything, and the ids of it. */
  async function everything() {
    const { user, as, id } = await api.given.user();
    const job = await api.given.job({ user });
    await api.given.metadata({ job });
    const [segment] = await api.given.segments(job, ['A sentence.']);
    const entry = await api.given.auditLog({ user_id: user.id });
    const ids = {
      Job: job.globalId,
      Metadata: globalId('Metadata', job.id),
      Segment: globalId('Segment', segment?.id ?? 0),
      User: id,
      AuditLog: globalId('AuditLog', entry.id),
    };
    return { as, ids };
  }

  test('every type is found by its id', async () => {
    const { ids } = await everything();
    const { as } = await api.given.administrator();
    for (const [__typename, id] of Object.entries(ids)) {
      expect(await as.query(NODE, { id })).toEqual({ node: { __typename, id } });
    }
  });

  test('many are found in the order in which they are asked for, also twice', async () => {
    const older = await everything();
    const newer = await everything();
    const { as } = await api.given.administrator();
    const asked = [newer, older, newer].flatMap(({ ids }) => Object.entries(ids));
    const nodes = asked.map(([__typename, id]) => ({ __typename, id }));
    expect(await as.query(NODES, { ids: nodes.map(({ id }) => id) })).toEqual({ nodes });
  });

  test('a user finds what is their own, and no entry of the audit log', async () => {
    const { as, ids } = await everything();
    expect(await as.query(NODES, { ids: Object.values(ids) })).toEqual({
      nodes: Object.entries(ids).map(([__typename, id]) =>
        __typename === 'AuditLog' ? null : { __typename, id },
      ),
    });
  });

  test('what belongs to another does not exist, in its place', async () => {
    const other = await everything();
    const { as, ids } = await everything();
    for (const [typename, id] of Object.entries(other.ids)) {
      expect({ typename, ...(await as.send(NODE, { id })) }).toMatchObject({
        data: { node: null },
        errors: [],
      });
    }
    expect(await as.query(NODES, { ids: [...Object.values(other.ids), ids.Job] })).toEqual({
      nodes: [null, null, null, null, null, { __typename: 'Job', id: ids.Job }],
    });
  });

  test('a worker finds jobs, their metadata and segments, and nobody', async () => {
    const { ids } = await everything();
    const { as } = await api.given.worker();
    expect(await as.query(NODES, { ids: Object.values(ids) })).toEqual({
      nodes: Object.entries(ids).map(([__typename, id]) =>
        ['User', 'AuditLog'].includes(__typename) ? null : { __typename, id },
      ),
    });
  });

  test('what is not there is null', async () => {
    const { as } = await api.given.administrator();
    const ids = [
      globalId('Job', '00000000-0000-7000-8000-000000000000'),
      globalId('Metadata', '00000000-0000-7000-8000-000000000000'),
      ...['Segment', 'User', 'AuditLog'].map((typename) => globalId(typename, 999_999_999)),
    ];
    expect(await as.query(NODES, { ids })).toEqual({ nodes: ids.map(() => null) });
    expect(await as.query(NODES, { ids: [] })).toEqual({ nodes: [] });
  });

  test('without a token nothing is found', async () => {
    const { ids } = await everything();
    expect((await api.client.refusal(NODE, { id: ids.Job })).code).toBe('UNAUTHENTICATED');
    expect((await api.client.refusal(NODES, { ids: [ids.Job] })).code).toBe('UNAUTHENTICATED');
  });

  test.each([
    ['nothing', ''],
    ['no base64', '%'],
    ['no number', globalId('User', 'x')],
    ['a number too large', globalId('User', '99999999999999999999')],
    ['a number with a zero before it', globalId('User', '01')],
    ['more than an id', globalId('User', '1:2')],
    ['no key of a job', globalId('Job', "' OR 1=1")],
    ['no id', globalId('User', '')],
    ['a type that there is not', globalId('Nobody', 1)],
    ['a type without ids', globalId('Query', 1)],
    ['a type that cannot be asked for', globalId('ApiKey', 1)],
    ['a name that every object has', globalId('toString', 1)],
    ['another', globalId('__proto__', 1)],
    ['base64 of another kind', `${globalId('User', 1)}=`],
  ])('an id that has %s is refused', async (_name, id) => {
    const { as } = await api.given.administrator();
    expect((await as.refusal(NODE, { id })).code).toBe('BAD_USER_INPUT');
    expect((await as.refusal(NODES, { ids: [id] })).code).toBe('BAD_USER_INPUT');
    const query = 'query Job($id: ID!) { job(id: $id) { id } }';
    expect((await as.refusal(query, { id })).code).toBe('BAD_USER_INPUT');
  });

  test('the id of another type is refused where the type is known', async () => {
    const { as, ids } = await everything();
    const job = 'query Job($id: ID!) { job(id: $id) { id } }';
    const user = 'query User($id: ID!) { user(id: $id) { id } }';
    expect((await as.refusal(job, { id: ids.User })).code).toBe('BAD_USER_INPUT');
    expect((await as.refusal(user, { id: ids.Job })).code).toBe('BAD_USER_INPUT');
  });

  test('more than a hundred ids are refused', async () => {
    const { as, ids } = await everything();
    const { nodes }: { nodes: unknown[] } = await as.query(NODES, {
      ids: Array(100).fill(ids.Job),
    });
    expect(nodes).toHaveLength(100);
    expect(await as.refusal(NODES, { ids: Array(101).fill(ids.Job) })).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: '"ids" has 101 entries; the most are 100.',
    });
  });

  test.each([1, 10])('the statements for %i of each type are one a table', async (count) => {
    const { as } = await api.given.administrator();
    const ids: string[] = [];
    for (let index = 0; index < count; index += 1) {
      ids.push(...Object.values((await everything()).ids));
    }
    // So that the viewer is known already.
    await as.query('{ viewer { id } }');
    api.forgetStatements();
    await as.query(NODES, { ids });
    const tables = api.statements.map(({ sql }) => /from [`"](\w+)/.exec(sql)?.[1]);
    expect(tables.toSorted()).toEqual(['audit_logs', 'jobs', 'metadata', 'segments', 'users']);
  });
});
