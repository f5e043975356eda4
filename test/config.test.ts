import { expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';

const faultsOf = (variables: Record<string, string>): string => {
  try {
    readConfig(variables);
    return '';
  } catch (error) {
    return String(error);
  }
};

test('all faults are named at once, with what was given', () => {
  const faults = faultsOf({ PORT: 'high', LOG_LEVEL: 'loud' });
  expect(faults).toMatch(/PORT: .*\(it is "high"\)/);
  expect(faults).toMatch(/LOG_LEVEL: .*\(it is "loud"\)/);
});

test('what is secret is not printed', () => {
  const faults = faultsOf({
    DATABASE_URL: 'mysql://root:hunter2@localhost/whisper',
    TOKEN_SECRET: 'too short a secret',
  });
  expect(faults).toContain('DATABASE_URL: expected sqlite:FILE');
  expect(faults).toContain('TOKEN_SECRET: ');
  expect(faults).not.toMatch(/hunter2|too short a secret/);
});

test('an empty variable is one that was left out', () => {
  expect(readConfig({ PORT: '', TOKEN_SECRET: '' })).toEqual(readConfig({}));
});

test('headers are read as OpenTelemetry writes them', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' };
  const read = (OTEL_EXPORTER_OTLP_HEADERS: string) =>
    readConfig({ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS }).openTelemetry?.headers;
  expect(read('api-key=abc%3D, x-team = ops')).toEqual({ 'api-key': 'abc=', 'x-team': 'ops' });
  expect(readConfig({ OTEL_EXPORTER_OTLP_HEADERS: 'a=b' }).openTelemetry).toBeNull();
  for (const OTEL_EXPORTER_OTLP_HEADERS of ['hidden', 'a=%', 'a=%ff']) {
    const faults = faultsOf({ ...endpoint, OTEL_EXPORTER_OTLP_HEADERS });
    expect(faults).toContain('OTEL_EXPORTER_OTLP_HEADERS: expected name=value');
    expect(faults).not.toContain('hidden');
  }
});
