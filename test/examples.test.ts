import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { describe, expect, test } from 'vitest';
import {
  CreateJobDocument,
  MyJobsDocument,
  PerformanceDocument,
  SearchTranscriptsDocument,
  StatisticsDocument,
  UsersWithJobsDocument,
} from './graphql/graphql.ts';
import { useApi } from './harness/api.ts';
import { databases } from './harness/databases.ts';

describe.each(databases)('the playground’s examples on $name', (kind) => {
  const api = useApi(kind, { viewerTtlMs: 3_600_000 });

  test.each<[string, TypedDocumentNode<object, Record<string, never>>, number]>([
    ['20 jobs with user and metadata', MyJobsDocument, 1],
    ['a search in transcripts, highlighted, with jobs', SearchTranscriptsDocument, 2],
    ['statistics', StatisticsDocument, 1],
    ['users with jobs and counts', UsersWithJobsDocument, 3],
    ['performance', PerformanceDocument, 0],
    ['a job for the queue, and its entry in the audit log', CreateJobDocument, 4],
  ])('%s', async (_name, document, statementCount) => {
    const { user, as } = await api.given.administrator();
    for (let count = 0; count < 20; count += 1) {
      const job = await api.given.job({ user });
      await api.given.metadata({ job });
      await api.given.segments(job, ['the budget', 'and so on']);
    }
    await as.query('{ viewer { id } }');
    api.forgetStatements();
    await as.query(document, {});
    expect(api.statements.map(({ sql }) => sql)).toHaveLength(statementCount);
  });

  test('typed documents say what comes', async () => {
    const { user, as } = await api.given.administrator();
    const job = await api.given.job({ user, original_filename: 'typed.mp3' });
    await api.given.metadata({ job, language: 'de' });
    const { jobs } = await as.query(MyJobsDocument, {});
    expect(
      jobs.edges.map(({ node }) => [node.originalFilename, node.metadata?.language]),
    ).toContainEqual(['typed.mp3', 'de']);
  });
});
