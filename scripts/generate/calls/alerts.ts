import * as alerts from '../../../src/db/alerts.ts';
import { type Calls, later, time } from './calls.ts';

const newest = {
  ordering: alerts.alertOrdering,
  descending: true,
  limit: 20,
  fromEnd: false,
  after: null,
  before: null,
};

const alert: alerts.NewAlert = {
  rule: 'slow_query',
  level: 'warning',
  what: 'A sentence.',
  value: 300,
  threshold: 200,
  unit: 'ms',
  trace_id: null,
  release: '1.0.0',
};

export const alertCalls: Calls<typeof alerts> = {
  findAlertPage: {
    'the newest': (db) => alerts.findAlertPage(db, {}, newest),
    'open ones of a rule': (db) =>
      alerts.findAlertPage(db, { rule: 'pool', onlyOpen: true }, newest),
  },
  countAlerts: { 'open ones': (db) => alerts.countAlerts(db, { onlyOpen: true }) },
  findCurrentAlerts: { 'since a time': (db) => alerts.findCurrentAlerts(db, time) },
  insertAlert: { 'of a rule': (db) => alerts.insertAlert(db, alert, time) },
  updateAlertSeen: { 'of a rule': (db) => alerts.updateAlertSeen(db, 'pool', 95, time) },
  updateAlertLevel: {
    'of a rule': (db) => alerts.updateAlertLevel(db, { ...alert, level: 'critical' }, time),
  },
  closeAlerts: { 'unseen since a time': (db) => alerts.closeAlerts(db, time, later) },
  deleteOldAlerts: { 'some of them': (db) => alerts.deleteOldAlerts(db, time, 1000) },
  findAlertById: { 'an id': (db) => alerts.findAlertById(db, 1) },
  updateAcknowledgedAlert: {
    'an id': (db) => alerts.updateAcknowledgedAlert(db, 1, 1, time),
  },
};
