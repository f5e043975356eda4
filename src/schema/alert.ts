import { acknowledgeAlert } from '../administration/monitorActions.ts';
import { type AlertRow, alertOrdering } from '../db/alerts.ts';
import {
  type AlertLevel,
  type AlertRule,
  alertLevels,
  alertRules,
} from '../perf/alerts/alertRules.ts';
import { actorOf } from './actor.ts';
import { builder } from './builder.ts';
import { connectionComplexity, connectionOf, pageRequest } from './connection.ts';
import { enumValues } from './enumValues.ts';
import { Performance } from './performance.ts';

const AlertRuleEnum = builder.enumType('AlertRule', {
  description: 'What an alert is about.',
  values: enumValues(alertRules, {
    slow_query: 'A statement took too long.',
    pool: 'Too many connections to the database are in use.',
    error_rate: 'Too many requests failed unexpectedly.',
    event_loop: 'The thread that serves was held for too long.',
    heap: 'Objects take too much memory.',
    flush: 'What was counted could not be stored.',
    truth: 'The monitor and the database count differently.',
    regression: 'An operation or a statement takes longer than in the week before.',
  }),
});

const AlertLevelEnum = builder.enumType('AlertLevel', {
  description: 'How bad it is.',
  values: enumValues(alertLevels, {
    warning: 'Somebody should look soon.',
    critical: 'Somebody should look at once.',
  }),
});

const AlertType = builder.objectRef<AlertRow>('Alert').implement({
  description: 'A limit that was passed, in whichever process. Of each rule one is open at most.',
  fields: (t) => ({
    id: t.exposeInt('id', { description: 'Its number: for `acknowledgeAlert`.' }),
    rule: t.field({
      type: AlertRuleEnum,
      description: 'What it is about.',
      // The column holds what the monitor wrote.
      resolve: ({ rule }) => rule as AlertRule,
    }),
    level: t.field({
      type: AlertLevelEnum,
      description: 'How bad it was at its worst.',
      resolve: ({ level }) => level as AlertLevel,
    }),
    what: t.exposeString('what', { description: 'What happened, in a sentence.' }),
    value: t.exposeFloat('value', { description: 'What was measured last, in `unit`.' }),
    threshold: t.exposeFloat('threshold', { description: 'The limit, in `unit`.' }),
    unit: t.exposeString('unit', { description: 'The unit of value and threshold.' }),
    traceId: t.exposeString('trace_id', {
      nullable: true,
      description: 'The request that showed it: for `performance { trace }`, while it is kept.',
    }),
    release: t.exposeString('release', { description: 'The release that ran when it opened.' }),
    openedAt: t.expose('opened_at', { type: 'DateTime', description: 'When it opened.' }),
    lastOverAt: t.expose('last_over_at', {
      type: 'DateTime',
      description: 'When the limit was seen to be passed last.',
    }),
    closedAt: t.expose('closed_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was over; null while it is open.',
    }),
    acknowledgedAt: t.expose('acknowledged_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When somebody took it over; null where nobody did.',
    }),
  }),
});

const AlertFilterInput = builder.inputType('AlertFilter', {
  description: 'Which alerts; all conditions that are given hold together.',
  fields: (t) => ({
    rule: t.field({ type: AlertRuleEnum, description: 'Of this rule.' }),
    onlyOpen: t.boolean({ description: 'Only those that are open.' }),
  }),
});

const AlertConnection = builder.connectionObject(
  { type: AlertType, name: 'AlertConnection', description: 'A page of alerts.' },
  { name: 'AlertEdge', description: 'An alert on a page.' },
);

builder.objectField(Performance, 'alerts', (t) =>
  t.connection(
    {
      type: AlertType,
      description: 'The alerts of all processes, the newest first.',
      args: { filter: t.arg({ type: AlertFilterInput, description: 'Which alerts.' }) },
      complexity: connectionComplexity,
      resolve: async (_performance, args, { watching: { records } }) => {
        const filter = args.filter ?? {};
        const page = await records.alerts(filter, pageRequest(args, alertOrdering, true));
        return connectionOf(page, alertOrdering, () => records.alertCount(filter));
      },
    },
    AlertConnection,
  ),
);

builder.mutationField('acknowledgeAlert', (t) =>
  t.field({
    type: AlertType,
    authScopes: { administrator: true },
    description:
      'Says that somebody takes care of an alert. It stays open until its cause is over. For administrators; it is in the audit log.',
    args: { id: t.arg.int({ required: true, description: 'The number of the alert.' }) },
    resolve: async (_root, { id }, context) => {
      const alert = await acknowledgeAlert(actorOf(context), id, context.clock());
      context.watching.alertFeed.tell(alert);
      return alert;
    },
  }),
);

builder.subscriptionField('alertsChanged', (t) =>
  t.field({
    type: AlertType,
    authScopes: { administrator: true },
    description:
      'First the alerts that are open, then each whenever it opens, gets worse, is acknowledged or closes, in whichever process. For administrators.',
    subscribe: (_root, _args, { watching: { alertFeed, records } }) =>
      alertFeed.watch(() => records.openAlerts()),
    resolve: (alert) => alert,
  }),
);
