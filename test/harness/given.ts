import { randomInt } from 'node:crypto';
import type { Knex } from 'knex';
import { v7 as uuid } from 'uuid';
import { createKey, hashKey } from '../../src/auth/apiKeys.ts';
import { passwordFingerprint } from '../../src/auth/passwords.ts';
import type { IssuedToken, Tokens } from '../../src/auth/tokens.ts';
import type { AuditLogRow } from '../../src/db/auditLogs.ts';
import type { JobRow } from '../../src/db/jobs.ts';
import type { MetadataRow } from '../../src/db/metadata.ts';
import type { SegmentRow } from '../../src/db/segments.ts';
import type { UserRow } from '../../src/db/users.ts';
import type { Client } from './client.ts';

/** argon2id of this; made once, since making it takes 20 ms. */
export const PASSWORD = 'correct horse battery';
const PASSWORD_HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$ivtb20YEZ3sGpJmRXkPr3g$8lDMViS1Ack3MhTXdE5/7665TA4zXC0vY/pH1aCusMg';

const NOON = Date.UTC(2026, 0, 1, 12);

/** A time on the first of January 2026, so many minutes after noon. */
export const minutes = (count: number): string => new Date(NOON + count * 60_000).toISOString();

/** Makes rows, one a sentence: `const { user, as } = await given.user()`. */
export class Given {
  readonly #db: Knex;
  readonly #tokens: Tokens;
  readonly #client: Client;
  #counter = randomInt(1_000_000_000);

  constructor(db: Knex, tokens: Tokens, client: Client) {
    this.#db = db;
    this.#tokens = tokens;
    this.#client = client;
  }

  #next(): number {
    this.#counter += 1;
    return this.#counter;
  }

  /** A user, and a client that is logged in as them. */
  async user(columns: Partial<UserRow> = {}): Promise<{ user: UserRow; as: Client; id: string }> {
    const number = this.#next();
    const [user]: UserRow[] = await this.#db('users')
      .insert({
        username: `user${number}`,
        email: `user${number}@example.org`,
        hashed_password: PASSWORD_HASH,
        role: 'user',
        must_change_password: false,
        created_at: minutes(0),
        is_active: true,
        ...columns,
      })
      .returning('*');
    if (!user) throw new Error('no user was made');
    return { user, as: this.#client.as(this.tokenOf(user).token), id: globalId('User', user.id) };
  }

  tokenOf(user: UserRow): IssuedToken {
    return this.#tokens.issue({
      userId: user.id,
      passwordFingerprint: passwordFingerprint(user.hashed_password),
    });
  }

  async administrator(columns: Partial<UserRow> = {}) {
    return this.user({ role: 'admin', ...columns });
  }

  /** A client that sends the key of a worker. */
  async worker(): Promise<{ as: Client; key: string }> {
    const { user } = await this.administrator();
    const key = createKey();
    await this.#db('api_keys').insert({
      name: `worker-${this.#next()}`,
      key_hash: hashKey(key),
      created_by: user.id,
      created_at: minutes(0),
    });
    return { as: this.#client.as(key), key };
  }

  #jobRow({ user, ...others }: Partial<JobRow> & { user: UserRow }) {
    const id = others.id ?? uuid();
    return {
      id,
      user_id: user.id,
      original_filename: `recording-${this.#next()}.mp3`,
      saved_filename: `${id}.mp3`,
      model: 'small',
      status: 'completed',
      created_at: minutes(0),
      updated_at: minutes(0),
      ...others,
    };
  }

  async job(columns: Partial<JobRow> & { user: UserRow }): Promise<JobRow & { globalId: string }> {
    const [job]: JobRow[] = await this.#db('jobs').insert(this.#jobRow(columns)).returning('*');
    if (!job) throw new Error('no job was made');
    return { ...job, globalId: globalId('Job', job.id) };
  }

  /** Many at once. */
  async jobs(all: readonly (Partial<JobRow> & { user: UserRow })[]): Promise<void> {
    const rows = all.map((columns) => this.#jobRow(columns));
    await this.#db.batchInsert('jobs', rows, 50);
  }

  async metadata(columns: Partial<MetadataRow> & { job: JobRow }): Promise<void> {
    const { job, ...others } = columns;
    await this.#db('metadata').insert({
      job_id: job.id,
      tokens: 100,
      duration: 60,
      abstract: 'An abstract.',
      summary: 'A summary.',
      keywords: 'first, second',
      language: 'en',
      sample_rate: 16_000,
      wpm: 120,
      sentiment: 0.5,
      generated_at: minutes(0),
      ...others,
    });
  }

  /** A transcript, a segment of two seconds for each text. */
  async segments(job: JobRow, texts: readonly string[]): Promise<SegmentRow[]> {
    const rows: Omit<SegmentRow, 'id'>[] = texts.map((text, position) => ({
      job_id: job.id,
      position,
      start_seconds: position * 2,
      end_seconds: position * 2 + 2,
      text,
      speaker: null,
      average_log_probability: -0.3,
      no_speech_probability: 0.01,
    }));
    return rows.length === 0 ? [] : this.#db('segments').insert(rows).returning('*');
  }

  async auditLog(columns: Partial<AuditLogRow> = {}): Promise<AuditLogRow> {
    const [entry]: AuditLogRow[] = await this.#db('audit_logs')
      .insert({
        timestamp: minutes(0),
        event_type: 'login_succeeded',
        severity: 'info',
        client_ip: '192.0.2.1',
        endpoint: 'Login',
        method: 'POST',
        ...columns,
      })
      .returning('*');
    if (!entry) throw new Error('no entry was made');
    return entry;
  }
}

export const globalId = (typename: string, id: string | number): string =>
  Buffer.from(`${typename}:${id}`).toString('base64url');
