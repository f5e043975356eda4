import { graphql } from './graphql/gql.ts';

export const claimNextJob = graphql(`
  mutation ClaimNextJob($models: [String!]!, $leaseSeconds: Int!) {
    claimNextJob(models: $models, leaseSeconds: $leaseSeconds) {
      attempt
      savedFilename
      job {
        id
        model
      }
    }
  }
`);

export const reportProgress = graphql(`
  mutation ReportProgress($id: ID!, $attempt: Int!, $progress: Float, $leaseSeconds: Int!) {
    reportProgress(id: $id, attempt: $attempt, progress: $progress, leaseSeconds: $leaseSeconds) {
      expiresAt
    }
  }
`);

export const completeJob = graphql(`
  mutation CompleteJob($id: ID!, $attempt: Int!, $transcript: WhisperJson!) {
    completeJob(id: $id, attempt: $attempt, transcript: $transcript) {
      status
    }
  }
`);

export const failJob = graphql(`
  mutation FailJob($id: ID!, $attempt: Int!, $code: WorkerFailure!, $message: String!) {
    failJob(id: $id, attempt: $attempt, code: $code, message: $message) {
      status
    }
  }
`);

export const releaseJob = graphql(`
  mutation ReleaseJob($id: ID!, $attempt: Int!) {
    releaseJob(id: $id, attempt: $attempt) {
      status
    }
  }
`);
