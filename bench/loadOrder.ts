import type { GraphqlRequest } from './workloads.ts';

export interface LoadOrder {
  url: string;
  token: string;
  requests: GraphqlRequest[];
  connections: number;
  seconds: number;
  /** So many requests, however long they take. */
  amount?: number;
}

export interface LoadResult {
  /** How many were answered in this time. */
  answered: number;
  seconds: number;
  /** With those that were on their way when the time was over. */
  sent: number;
  /** What went wrong: answers with errors, not 2xx, not whole, or not there in a minute. Null where nothing did. */
  failure: string | null;
  p50Ms: number;
  p99Ms: number;
}
