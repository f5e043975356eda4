import type { Knex } from 'knex';
import {
  type AlertFilter,
  type AlertRow,
  countAlerts,
  findAlertPage,
  findCurrentAlerts,
} from '../db/alerts.ts';
import {
  countFindings,
  type FindingFilter,
  type FindingRow,
  findFindingPage,
} from '../db/findings.ts';
import { emptyPage, type Page, type PageRequest } from '../db/keyset.ts';
import { readStored } from './readStored.ts';

/** What the monitor has stored, to be read. */
export interface MonitorRecords {
  findings(filter: FindingFilter, page: PageRequest<FindingRow>): Promise<Page<FindingRow>>;
  findingCount(filter: FindingFilter): Promise<number>;
  alerts(filter: AlertFilter, page: PageRequest<AlertRow>): Promise<Page<AlertRow>>;
  alertCount(filter: AlertFilter): Promise<number>;
  openAlerts(): Promise<AlertRow[]>;
}

/** Read by a connection that the monitor does not observe: looking at figures changes none. */
export const monitorRecords = (db: Knex): MonitorRecords => ({
  findings: (filter, page) => readStored(() => findFindingPage(db, filter, page)),
  findingCount: (filter) => readStored(() => countFindings(db, filter)),
  alerts: (filter, page) => readStored(() => findAlertPage(db, filter, page)),
  alertCount: (filter) => readStored(() => countAlerts(db, filter)),
  async openAlerts() {
    const now = new Date().toISOString();
    const current = await readStored(() => findCurrentAlerts(db, now));
    return current.filter(({ closed_at }) => closed_at === null);
  },
});

/** Nothing, as long as an operation is only rehearsed. */
export const unreadRecords: MonitorRecords = {
  findings: async () => emptyPage(),
  findingCount: async () => 0,
  alerts: async () => emptyPage(),
  alertCount: async () => 0,
  openAlerts: async () => [],
};
