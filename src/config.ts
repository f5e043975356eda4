import { z } from 'zod';
import { StartError } from './errors.ts';

/** A variable of the environment: how it is read, and what its reader is told. */
interface Setting<Schema extends z.ZodType = z.ZodType> {
  schema: Schema;
  /** What stands in `.env.example` where the variable is not set. */
  fallback: string;
  meaning: string;
  /** Whether its value is not for a log. */
  isSecret: boolean;
}

const setting = <Schema extends z.ZodType>(
  schema: Schema,
  fallback: string,
  meaning: string,
  { isSecret = false } = {},
): Setting<Schema> => ({ schema, fallback, meaning, isSecret });

const positive = z.coerce.number().min(0).max(1_000_000_000);
const percent = z.coerce.number().min(0).max(100);
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

const databaseUrl = z.string().transform((text, context) => {
  const file = /^sqlite:(?:\/\/)?(.+)$/.exec(text)?.[1];
  if (file) return { kind: 'sqlite' as const, filename: file };
  if (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text)) {
    return { kind: 'postgres' as const, url: text };
  }
  context.addIssue({
    code: 'custom',
    message: 'expected sqlite:FILE or postgres://USER:PASSWORD@HOST:PORT/NAME',
  });
  return z.NEVER;
});

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** `name=value,name=value`, the values encoded as in a URL. */
const headerList = z
  .string()
  .optional()
  .transform((text = '', context): Record<string, string> => {
    try {
      return Object.fromEntries(
        text
          .split(',')
          .filter((entry) => entry.trim() !== '')
          .map((entry) => {
            const [, name, value] = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(entry) ?? [];
            if (!name || value === undefined) throw new Error('not a header');
            return [name, decodeURIComponent(value)];
          }),
      );
    } catch {
      context.addIssue({
        code: 'custom',
        message: 'expected name=value,name=value, the values encoded as in a URL',
      });
      return z.NEVER;
    }
  });

/** Every variable that the service reads. `.env.example` and the README's table are printed from it. */
export const settings = {
  DATABASE_URL: setting(
    databaseUrl,
    'sqlite:./data/whisper.sqlite',
    'The database: `sqlite:FILE`, or `postgres://USER:PASSWORD@HOST:PORT/NAME`.',
    { isSecret: true },
  ),
  DATABASE_POOL_SIZE: setting(
    whole(1, 500),
    '10',
    'Connections a process holds to PostgreSQL. SQLite always has one.',
  ),
  UNUSED_INDEX_DAYS: setting(
    whole(0, 3650),
    '14',
    'Days without a read before an index is called unused.',
  ),
  HOST: setting(z.string().min(1), '127.0.0.1', 'The address to listen on; `0.0.0.0` for all.'),
  PORT: setting(whole(0, 65535), '4000', 'The port to listen on.'),
  DATA_DIRECTORY: setting(
    z.string().min(1),
    './data',
    'Where the signing secret is kept when TOKEN_SECRET is not set.',
  ),
  TOKEN_SECRET: setting(
    z.string().min(32).optional(),
    '',
    'Signs access tokens, 32 characters or more. Needed where several processes share a database.',
    { isSecret: true },
  ),
  TOKEN_LIFETIME_MINUTES: setting(whole(1, 43_200), '720', 'How long an access token is valid.'),
  MAX_QUERY_COST: setting(
    whole(1, 1_000_000_000),
    '10000',
    'The highest cost of an operation: fields, multiplied by page sizes.',
  ),
  MAX_QUERY_DEPTH: setting(whole(1, 1000), '15', 'The deepest nesting of an operation.'),
  MAX_QUERY_BREADTH: setting(whole(1, 100_000), '300', 'The most fields an operation selects.'),
  JOB_BUDGET_MINUTES: setting(
    whole(1, 43_200),
    '360',
    'How long workers may spend on a job in all before it fails by timeout.',
  ),
  JOB_RETRY_DELAY_SECONDS: setting(
    whole(0, 3600),
    '10',
    'How long a job waits after its first failed attempt; after each further one twice as long.',
  ),
  SLOW_QUERY_MS: setting(
    whole(0, 3_600_000),
    '100',
    'Statements that take longer, in milliseconds, are kept as slow queries.',
  ),
  SHOW_BIND_VALUES: setting(
    z.stringbool(),
    'false',
    'Show administrators the values that slow statements were sent with, not only what they are. They may be private.',
  ),
  TRACE_SAMPLE_RATE: setting(
    z.coerce.number().min(0).max(1),
    '0.01',
    'The share of the requests whose traces are kept whole, 0 to 1; slow and failed ones always are.',
  ),
  RELEASE: setting(
    z.string().max(100).optional(),
    '',
    'What the running release is called in traces and findings, such as a version or a commit.',
  ),
  REPEATED_STATEMENT_LIMIT: setting(
    whole(1, 10_000),
    '10',
    'A field that sends the same statement more often than this in one request is found as N+1.',
  ),
  TARGET_MEAN_QUERY_MS: setting(
    positive,
    '50',
    'Target: statements take less than this on average, in milliseconds.',
  ),
  TARGET_SLOW_QUERIES_PER_HOUR: setting(
    positive,
    '10',
    'Target: fewer statements an hour take longer than SLOW_QUERY_MS.',
  ),
  TARGET_POOL_PERCENT: setting(
    percent,
    '80',
    'Target: a smaller share of the connections is in use, in percent.',
  ),
  TARGET_QUERY_SUCCESS_PERCENT: setting(
    percent,
    '99.9',
    'Target: a greater share of the statements succeeds, in percent.',
  ),
  TARGET_EVENT_LOOP_DELAY_MS: setting(
    positive,
    '50',
    'Target: timers come less late than this on average, in milliseconds.',
  ),
  TARGET_GARBAGE_COLLECTION_PERCENT: setting(
    percent,
    '5',
    'Target: collecting garbage takes a smaller share of the time, in percent.',
  ),
  TARGET_HEAP_MEGABYTES: setting(
    positive,
    '1000',
    'Target: objects take less memory than this, in megabytes.',
  ),
  ALERT_QUERY_WARNING_MS: setting(
    positive,
    '200',
    'A statement that takes longer raises a warning, in milliseconds.',
  ),
  ALERT_QUERY_CRITICAL_MS: setting(
    positive,
    '500',
    'A statement that takes longer raises a critical alert, in milliseconds.',
  ),
  ALERT_POOL_PERCENT: setting(
    percent,
    '90',
    'A greater share of the connections in use raises a warning, in percent.',
  ),
  ALERT_ERROR_PERCENT: setting(
    percent,
    '1',
    'A greater share of requests that fail unexpectedly raises a critical alert, in percent.',
  ),
  ALERT_EVENT_LOOP_MS: setting(
    positive,
    '500',
    'A thread that is held for longer raises a warning, in milliseconds.',
  ),
  ALERT_HEAP_MEGABYTES: setting(
    positive,
    '2000',
    'Objects that take more memory raise a warning, in megabytes.',
  ),
  ALERT_FLUSH_SECONDS: setting(
    positive,
    '60',
    'Figures that can not be stored for longer raise a critical alert, in seconds.',
  ),
  ALERT_REGRESSION_FACTOR: setting(
    positive,
    '2',
    'Operations and statements that take longer than in the week before by a greater factor raise a warning.',
  ),
  ALERT_WEBHOOK_URL: setting(
    z.url({ protocol: /^https?$/ }).optional(),
    '',
    'Where alerts are posted when they open, get worse and close.',
    { isSecret: true },
  ),
  ALERT_WEBHOOK_SECRET: setting(
    z.string().min(16).optional(),
    '',
    'Signs what is posted there, 16 characters or more.',
    { isSecret: true },
  ),
  TRUST_PROXY: setting(
    z.stringbool(),
    'false',
    'Take the client address from X-Forwarded-For, and the request id from X-Request-Id. Only behind a proxy that sets both.',
  ),
  DRAIN_SECONDS: setting(
    whole(0, 3600),
    '5',
    'How long requests are still taken after SIGTERM, while /health/ready answers 503 and a load balancer turns away.',
  ),
  SHUTDOWN_SECONDS: setting(
    whole(0, 3600),
    '30',
    'How long running requests may then take before they are cut off.',
  ),
  METRICS_TOKEN: setting(
    z.string().min(16).optional(),
    '',
    'Opens /metrics to Prometheus, which brings it as a bearer token: 16 characters or more.',
    { isSecret: true },
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: setting(
    z.url({ protocol: /^https?$/ }).optional(),
    '',
    'Where traces are sent by OTLP over HTTP, such as `http://localhost:4318`.',
  ),
  OTEL_EXPORTER_OTLP_HEADERS: setting(
    headerList,
    '',
    'Headers for it, such as credentials: `name=value,name=value`.',
    { isSecret: true },
  ),
  OTEL_SERVICE_NAME: setting(
    z.string().min(1),
    'whisper-transcriber-api',
    'What the service is called in traces.',
  ),
  OTEL_TRACES_SAMPLER: setting(
    z.enum(samplers),
    'parentbased_always_on',
    'Which traces are sent, by the names of OpenTelemetry; `parentbased_…` follows the caller.',
  ),
  OTEL_TRACES_SAMPLER_ARG: setting(
    z.coerce.number().min(0).max(1),
    '1',
    'The share of the traces that a sampler by `traceidratio` sends, 0 to 1.',
  ),
  LOG_LEVEL: setting(
    z.enum(['debug', 'info', 'warn', 'error', 'silent']),
    'info',
    'How much is logged, as lines of JSON on standard output.',
  ),
} as const satisfies Record<string, Setting>;

type Settings = typeof settings;
type Environment = { [Name in keyof Settings]: z.output<Settings[Name]['schema']> };

export type DatabaseAddress = Environment['DATABASE_URL'];

/** Where traces are sent. */
export interface OpenTelemetryConfig {
  endpoint: string;
  headers: Record<string, string>;
  serviceName: string;
  sampler: Environment['OTEL_TRACES_SAMPLER'];
  samplerRatio: number;
}

/** What the service is told from outside, checked. */
export interface Config {
  database: { address: DatabaseAddress; poolSize: number };
  unusedIndexDays: number;
  host: string;
  port: number;
  dataDirectory: string;
  token: { secret: string | null; lifetimeMinutes: number };
  limits: { cost: number; depth: number; breadth: number };
  jobs: { budgetSeconds: number; retryDelaySeconds: number };
  monitor: { slowQueryMs: number; sampleRate: number; release: string };
  showBindValues: boolean;
  watch: {
    repeatedStatementLimit: number;
    targets: {
      mean_query: number;
      slow_queries: number;
      pool_utilization: number;
      query_success: number;
      event_loop_delay: number;
      garbage_collection: number;
      heap_used: number;
    };
    /** What raises a warning and what a critical alert; null where nothing does. */
    thresholds: Record<
      | 'slow_query'
      | 'pool'
      | 'error_rate'
      | 'event_loop'
      | 'heap'
      | 'flush'
      | 'truth'
      | 'regression',
      { warning: number | null; critical: number | null }
    >;
    webhook: { url: string; secret: string } | null;
  };
  trustProxy: boolean;
  drainSeconds: number;
  shutdownSeconds: number;
  logLevel: Environment['LOG_LEVEL'];
  /** Null where there are no metrics to read. */
  metricsToken: string | null;
  /** Null where no traces are sent. */
  openTelemetry: OpenTelemetryConfig | null;
}

function openTelemetryOf(environment: Environment): OpenTelemetryConfig | null {
  const endpoint = environment.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return null;
  return {
    endpoint,
    headers: environment.OTEL_EXPORTER_OTLP_HEADERS,
    serviceName: environment.OTEL_SERVICE_NAME,
    sampler: environment.OTEL_TRACES_SAMPLER,
    samplerRatio: environment.OTEL_TRACES_SAMPLER_ARG,
  };
}

/** What goes out has to be signed, so that its receiver can tell it from what others send. */
function refuseUnsigned(given: Record<string, unknown>, context: z.RefinementCtx): void {
  if (!given.ALERT_WEBHOOK_URL || given.ALERT_WEBHOOK_SECRET) return;
  context.addIssue({
    code: 'custom',
    path: ['ALERT_WEBHOOK_SECRET'],
    message: 'needed with ALERT_WEBHOOK_URL',
  });
}

const warning = (threshold: number) => ({ warning: threshold, critical: null });
const critical = (threshold: number) => ({ warning: null, critical: threshold });

function watchConfig(environment: Environment): Config['watch'] {
  const { ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: secret } = environment;
  return {
    repeatedStatementLimit: environment.REPEATED_STATEMENT_LIMIT,
    targets: {
      mean_query: environment.TARGET_MEAN_QUERY_MS,
      slow_queries: environment.TARGET_SLOW_QUERIES_PER_HOUR,
      pool_utilization: environment.TARGET_POOL_PERCENT,
      query_success: environment.TARGET_QUERY_SUCCESS_PERCENT,
      event_loop_delay: environment.TARGET_EVENT_LOOP_DELAY_MS,
      garbage_collection: environment.TARGET_GARBAGE_COLLECTION_PERCENT,
      heap_used: environment.TARGET_HEAP_MEGABYTES,
    },
    thresholds: {
      slow_query: {
        warning: environment.ALERT_QUERY_WARNING_MS,
        critical: environment.ALERT_QUERY_CRITICAL_MS,
      },
      pool: warning(environment.ALERT_POOL_PERCENT),
      error_rate: critical(environment.ALERT_ERROR_PERCENT),
      event_loop: warning(environment.ALERT_EVENT_LOOP_MS),
      heap: warning(environment.ALERT_HEAP_MEGABYTES),
      flush: critical(environment.ALERT_FLUSH_SECONDS),
      // One record is one too many.
      truth: critical(0),
      regression: warning(environment.ALERT_REGRESSION_FACTOR),
    },
    webhook: url && secret ? { url, secret } : null,
  };
}

/** Reads and checks the environment. Throws a StartError that names every fault at once. */
export function readConfig(variables: Record<string, string | undefined>): Config {
  const schemas = Object.fromEntries(
    Object.entries(settings).map(([name, { schema }]) => [name, schema]),
  );
  const given = Object.fromEntries(
    Object.entries(settings).map(([name, { fallback }]) => [
      name,
      // An empty variable is one that was left out, as in a copied .env.example.
      (variables[name] || fallback) === '' ? undefined : variables[name] || fallback,
    ]),
  );
  const parsed = z.object(schemas).superRefine(refuseUnsigned).safeParse(given);
  if (!parsed.success) {
    const shown = new Map(
      Object.entries(settings).map(([name, { isSecret }]) => [
        name,
        isSecret ? '' : ` (it is "${given[name]}")`,
      ]),
    );
    const faults = parsed.error.issues.map(({ path: [name], message }) => {
      const variable = String(name);
      return `  ${variable}: ${message}${shown.get(variable) ?? ''}`;
    });
    throw new StartError('CONFIG_INVALID', `The environment is not right:\n${faults.join('\n')}`);
  }
  // The schemas of `settings` made this object; Object.entries only lost their names for the compiler.
  const environment = parsed.data as Environment;
  return {
    database: { address: environment.DATABASE_URL, poolSize: environment.DATABASE_POOL_SIZE },
    unusedIndexDays: environment.UNUSED_INDEX_DAYS,
    host: environment.HOST,
    port: environment.PORT,
    dataDirectory: environment.DATA_DIRECTORY,
    token: {
      secret: environment.TOKEN_SECRET ?? null,
      lifetimeMinutes: environment.TOKEN_LIFETIME_MINUTES,
    },
    limits: {
      cost: environment.MAX_QUERY_COST,
      depth: environment.MAX_QUERY_DEPTH,
      breadth: environment.MAX_QUERY_BREADTH,
    },
    jobs: {
      budgetSeconds: environment.JOB_BUDGET_MINUTES * 60,
      retryDelaySeconds: environment.JOB_RETRY_DELAY_SECONDS,
    },
    monitor: {
      slowQueryMs: environment.SLOW_QUERY_MS,
      sampleRate: environment.TRACE_SAMPLE_RATE,
      release: environment.RELEASE ?? 'unnamed',
    },
    showBindValues: environment.SHOW_BIND_VALUES,
    watch: watchConfig(environment),
    trustProxy: environment.TRUST_PROXY,
    drainSeconds: environment.DRAIN_SECONDS,
    shutdownSeconds: environment.SHUTDOWN_SECONDS,
    logLevel: environment.LOG_LEVEL,
    metricsToken: environment.METRICS_TOKEN ?? null,
    openTelemetry: openTelemetryOf(environment),
  };
}
