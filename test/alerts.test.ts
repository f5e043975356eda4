import { createHmac } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { graphql } from './graphql/gql.ts';
import { startApi, type TestApi } from './harness/api.ts';
import type { Client } from './harness/client.ts';
import { databases, type TestDatabase } from './harness/databases.ts';
import { Events } from './harness/events.ts';
import { WebhookReceiver } from './harness/webhookReceiver.ts';

const alerts = graphql(`query Alerts {
  performance { alerts(filter: { onlyOpen: true }) { totalCount edges { node {
    id rule level what value threshold unit release openedAt lastOverAt closedAt acknowledgedAt
  } } } }
}`);

const acknowledge = graphql(`mutation AcknowledgeAlert($id: Int!) {
  acknowledgeAlert(id: $id) { id acknowledgedAt }
}`);

const keyFigures = graphql(`query KeyFigures {
  performance { keyFigures { name measured target unit isFloor isMet } }
}`);

const CHANGES = 'subscription { alertsChanged { rule level closedAt acknowledgedAt } }';

interface Changed {
  alertsChanged: { rule: string; closedAt: string | null; acknowledgedAt: string | null };
}

const SECRET = 'a secret of the receiver';
const TURN_MS = 10_000;
const never = { warning: null, critical: null };

describe.each(databases)('alerts on $name', (kind) => {
  const receiver = new WebhookReceiver();
  const logged: { type?: string; alert?: { rule: string } }[] = [];
  const pauses: number[] = [];
  let database: TestDatabase;
  let one: TestApi;
  let other: TestApi;
  let administrator: Client;
  let token: string;
  let now = Date.now();

  async function start(url: string): Promise<TestApi> {
    const { watch } = readConfig({ ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: SECRET });
    const api = await startApi(database, {
      clock: () => new Date(now),
      logger: pino({ level: 'info' }, { write: (line) => logged.push(JSON.parse(line)) }),
      pause: async (ms) => pauses.push(ms),
      // What is planted here no database has counted.
      config: { watch: { ...watch, thresholds: { ...watch.thresholds, truth: never } } },
    });
    // What is planted should be all there is.
    api.app.gauges.stop();
    return api;
  }

  beforeAll(async () => {
    database = await kind.create();
    const url = await receiver.listen();
    one = await start(url);
    other = await start(url);
    const { user } = await one.given.administrator();
    ({ token } = one.given.tokenOf(user));
    administrator = one.client.as(token);
  });

  afterAll(async () => {
    await one.stop();
    await other.stop();
    receiver.close();
    await database.drop();
  });

  /** A turn of both processes, with so many percent of this pool in use. */
  async function turn(poolPercent: { one: number; other: number }): Promise<void> {
    now += TURN_MS;
    one.app.monitor.recordGauge('poolUtilizationPercent', poolPercent.one);
    other.app.monitor.recordGauge('poolUtilizationPercent', poolPercent.other);
    await one.app.watching.turn();
    await other.app.watching.turn();
  }

  const open = async () =>
    (await administrator.query(alerts)).performance.alerts.edges.map(({ node }) => node);

  /** A statement of that length, as the driver would tell it. */
  const plantStatement = (api: TestApi, durationMs: number): void =>
    api.app.monitor.recordStatement({
      sql: 'SELECT planted FROM jobs WHERE id = 4711',
      bindings: [],
      startedAt: performance.now(),
      durationMs,
      waitedMs: null,
      rowCount: 0,
      failed: false,
      holdsThread: false,
    });

  test('one moment over a limit is no alert, two turns in a row are', async () => {
    await turn({ one: 95, other: 0 });
    await turn({ one: 50, other: 0 });
    await turn({ one: 95, other: 0 });
    expect(await open()).toEqual([]);
    await turn({ one: 95, other: 0 });
    expect(await open()).toMatchObject([
      { rule: 'POOL', level: 'WARNING', value: 95, threshold: 90, unit: '%', closedAt: null },
    ]);
  });

  test('it comes in the log and, signed, at the receiver: tried again under the same id', async () => {
    // The first test opened it; its receiver refuses the next one twice.
    const [delivery] = await receiver.received(1);
    const { headers, body } = delivery ?? { headers: {}, body: '' };
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    expect(headers['webhook-signature']).toBe(
      `v1,${createHmac('sha256', SECRET).update(signed).digest('base64')}`,
    );
    expect(Number(headers['webhook-timestamp'])).toBe(Math.floor(now / 1000));
    expect(JSON.parse(body)).toMatchObject({
      type: 'alert.opened',
      alert: { rule: 'pool', level: 'warning', threshold: 90, unit: '%' },
    });
    expect(logged.filter(({ type }) => type === 'alert.opened')).toMatchObject([
      { alert: { rule: 'pool' } },
    ]);

    receiver.answers.push(503, 500);
    plantStatement(one, 300);
    await turn({ one: 0, other: 0 });
    const [, ...tries] = await receiver.received(4);
    expect(new Set(tries.map((attempt) => attempt.headers['webhook-id'])).size).toBe(1);
    expect(tries.map((attempt) => JSON.parse(attempt.body).alert.rule)).toEqual(
      Array(3).fill('slow_query'),
    );
    expect(pauses).toEqual([1000, 5000]);
  });

  test('a statement over the second limit makes the alert critical', async () => {
    plantStatement(other, 600);
    await turn({ one: 0, other: 0 });
    const slow = (await open()).filter(({ rule }) => rule === 'SLOW_QUERY');
    expect(slow).toMatchObject([{ level: 'CRITICAL', value: 600, threshold: 500 }]);
    expect(slow[0]?.what).toContain('SELECT planted FROM jobs WHERE id = ?');
    const last = (await receiver.received(5)).at(-1);
    expect(JSON.parse(last?.body ?? '')).toMatchObject({ type: 'alert.worsened' });
  });

  test('as long as one process sees it, it stays open; a minute after, it is over', async () => {
    // Four fifths of the limit are not yet clearly under it.
    for (let turns = 0; turns < 9; turns += 1) await turn({ one: 0, other: 75 });
    expect(await open()).toMatchObject([{ rule: 'POOL' }]);
    for (let turns = 0; turns < 6; turns += 1) await turn({ one: 0, other: 70 });
    expect(await open()).toMatchObject([{ rule: 'POOL' }]);
    await turn({ one: 0, other: 70 });
    expect(await open()).toEqual([]);
    const closed = (await receiver.received(7)).slice(5);
    expect(closed.map(({ body }) => JSON.parse(body).type)).toEqual([
      'alert.closed',
      'alert.closed',
    ]);
  });

  test('two processes over a limit at once are one alert and one delivery', async () => {
    const before = receiver.deliveries.length;
    await turn({ one: 95, other: 95 });
    await turn({ one: 95, other: 95 });
    expect(await open()).toMatchObject([{ rule: 'POOL' }]);
    await receiver.received(before + 1);
    await turn({ one: 95, other: 95 });
    expect(receiver.deliveries.length).toBe(before + 1);
  });

  test('a subscription tells of it in every process, from open to acknowledged to closed', async () => {
    const changes = await Events.open<Changed, undefined>(
      other.url,
      { authorization: `Bearer ${token}` },
      CHANGES,
    );
    const change = async () => (await changes.next())?.data?.alertsChanged;
    expect(await change()).toMatchObject({ rule: 'POOL', acknowledgedAt: null, closedAt: null });

    const [pool] = await open();
    await administrator.query(acknowledge, { id: pool?.id ?? 0 });
    await turn({ one: 0, other: 0 });
    expect(await change()).toMatchObject({ rule: 'POOL', acknowledgedAt: expect.any(String) });

    for (let turns = 0; turns < 7; turns += 1) await turn({ one: 0, other: 0 });
    expect(await change()).toMatchObject({ rule: 'POOL', closedAt: expect.any(String) });
    changes.close();
  });

  test('acknowledging is for administrators, once, and in the audit log', async () => {
    const { as } = await one.given.user();
    expect(await as.refusal(acknowledge, { id: 1 })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await administrator.refusal(acknowledge, { id: 4711 })).toMatchObject({
      code: 'NOT_FOUND',
    });
    const refused = await Events.open(
      one.url,
      { authorization: `Bearer ${one.given.tokenOf((await one.given.user()).user).token}` },
      CHANGES,
    );
    expect(await refused.next()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    const first = await administrator.query(acknowledge, { id: 1 });
    now += TURN_MS;
    expect(await administrator.query(acknowledge, { id: 1 })).toEqual(first);
    expect(
      await one
        .db('audit_logs')
        .where({ event_type: 'alert_acknowledged', resource_type: 'alert', resource_id: '1' }),
    ).toHaveLength(1);
  });

  test('requests that fail by a fault of ours are an alert; those of clients are not', async () => {
    for (let count = 0; count < 100; count += 1) {
      one.app.monitor.recent.addRequest({ failed: true, errorCodes: ['BAD_USER_INPUT'] });
    }
    await turn({ one: 0, other: 0 });
    expect(await open()).toEqual([]);
    for (let count = 0; count < 2; count += 1) {
      one.app.monitor.recent.addRequest({ failed: true, errorCodes: ['INTERNAL_SERVER_ERROR'] });
    }
    await turn({ one: 0, other: 0 });
    expect(await open()).toMatchObject([{ rule: 'ERROR_RATE', level: 'CRITICAL', unit: '%' }]);
  });

  test('each figure stands beside its target', async () => {
    now += 2 * 3_600_000;
    await turn({ one: 0, other: 0 });
    for (const durationMs of [30, 40, 110]) plantStatement(one, durationMs);
    await turn({ one: 85, other: 0 });
    const { performance } = await administrator.query(keyFigures);
    const figures = Object.fromEntries(performance.keyFigures.map(({ name, ...is }) => [name, is]));
    expect(figures.POOL_UTILIZATION).toMatchObject({ target: 80, unit: '%', isFloor: false });
    expect(figures.SLOW_QUERIES).toMatchObject({ measured: 1, target: 10, isMet: true });
    expect(figures.QUERY_SUCCESS).toMatchObject({ measured: 100, target: 99.9, isMet: true });
    expect(figures.MEAN_QUERY).toMatchObject({ target: 50, unit: 'ms' });
    expect(Object.keys(figures)).toHaveLength(7);
  });
});
