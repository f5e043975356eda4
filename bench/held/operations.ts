/** An operation of the mixed load, and how many of a hundred it is. */
export interface Operation {
  name: string;
  share: number;
  /** Who sends it: an administrator, a user or a worker. */
  as: 'administrator' | 'user' | 'worker';
  query: string;
  variables?: (index: number) => object;
}

const PERIOD = 'from: "2025-03-02T00:00:00Z", to: "2026-03-02T00:00:00Z"';

/** Words of the seed's transcripts, seldom and common. */
const words = ['meeting', 'budget', 'interview', 'the', 'customer', 'roof', 'lecture', 'team'];

const statistics: Operation[] = [
  {
    name: 'statistics of a year',
    share: 2,
    as: 'administrator',
    query: `query Statistics { jobStatistics(${PERIOD}) {
      count durationSeconds speed byStatus { status count } byModel { model count } perDay { day count } } }`,
  },
  {
    name: 'figures of transcripts',
    share: 1,
    as: 'administrator',
    query: `query Analytics { metadataAnalytics(${PERIOD}) { count tokens languages { language count } } }`,
  },
  {
    name: 'busiest users',
    share: 1,
    as: 'administrator',
    query: `query Activity { userActivity(${PERIOD}) { createdJobs user { username } } }`,
  },
  {
    name: 'security events',
    share: 1,
    as: 'administrator',
    query: `query Events { securityEvents(${PERIOD}) { eventType count } }`,
  },
  {
    name: 'own statistics',
    share: 2,
    as: 'user',
    query: `query Own { jobStatistics(${PERIOD}) { count perDay { day count } } }`,
  },
  {
    name: 'count of all jobs',
    share: 3,
    as: 'administrator',
    query: 'query Count { jobs(first: 1, filter: { status: COMPLETED }) { totalCount } }',
  },
];

const searches: Operation[] = [
  {
    name: 'search of jobs',
    share: 5,
    as: 'user',
    query: `query Search($words: String!) { searchJobs(query: $words, first: 20) {
      edges { node { score job { id originalFilename } highlight { text isMatch } } } } }`,
    variables: (index) => ({ words: words[index % words.length] }),
  },
  {
    name: 'search of segments',
    share: 5,
    as: 'administrator',
    query: `query Said($words: String!) { searchSegments(query: $words, first: 20) {
      edges { node { segment { text } job { id } highlight { text isMatch } } } } }`,
    variables: (index) => ({ words: words[index % words.length] }),
  },
];

const writes: Operation[] = [
  {
    name: 'create a job',
    share: 4,
    as: 'user',
    query: `mutation Create($name: String!) {
      createJob(input: { filename: $name, fileSizeBytes: 1000, model: "small" }) { __typename } }`,
    variables: (index) => ({ name: `held-${index}.mp3` }),
  },
  {
    name: 'claim a job',
    share: 5,
    as: 'worker',
    query: `mutation Claim { claimNextJob(models: ["small", "large-v3", "medium"], leaseSeconds: 1) {
      attempt job { id } } }`,
  },
  {
    name: 'redrive',
    share: 1,
    as: 'administrator',
    query: `mutation Redrive { redriveJobs(limit: 200, filter: { model: "small" }) { __typename } }`,
  },
];

const reads: Operation[] = [
  {
    name: '20 jobs',
    share: 30,
    as: 'user',
    query: `query Jobs { jobs(first: 20) { edges { node { id originalFilename status createdAt
      user { username } metadata { language tokens } } } } }`,
  },
  {
    name: '100 jobs',
    share: 5,
    as: 'administrator',
    query: `query Page { jobs(first: 100) { edges { node { id originalFilename status createdAt
      user { username } metadata { language tokens } } } } }`,
  },
  {
    name: 'users with jobs',
    share: 10,
    as: 'administrator',
    query: `query Users { users(first: 20) { edges { node { username
      jobs(first: 5) { edges { node { id metadata { tokens } } } } } } } }`,
  },
  {
    name: 'a transcript',
    share: 5,
    as: 'administrator',
    query: `query Transcript { jobs(first: 1, filter: { status: COMPLETED }) {
      edges { node { segments(first: 50) { edges { node { text } } } transcript } } } }`,
  },
  {
    name: 'audit log',
    share: 5,
    as: 'administrator',
    query:
      'query Log { auditLogs(first: 20, filter: { severity: WARNING }) { edges { node { eventType } } } }',
  },
  {
    name: 'the viewer',
    share: 15,
    as: 'user',
    query: 'query Viewer { viewer { id username } }',
  },
];

export const operations: readonly Operation[] = [...reads, ...writes, ...statistics, ...searches];

/** A hundred entries, each operation as often as its share, well mixed. */
export const round: readonly Operation[] = operations
  .flatMap((operation, place) =>
    Array.from({ length: operation.share }, (_, index) => ({
      operation,
      at: (index + (place % 7) / 7) / operation.share,
    })),
  )
  .sort((one, other) => one.at - other.at)
  .map(({ operation }) => operation);
