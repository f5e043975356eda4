import { decodeGlobalId, encodeGlobalId } from '../src/schema/globalId.ts';
import { type GraphqlRequest, operations } from './workloads.ts';

/** PostGraphile makes its schema from the tables, so its operations are its own. Aliases bring them near. */
const ordered = 'orderBy: [CREATED_AT_DESC, ROW_ID_DESC]';

const job = `id originalFilename model status createdAt durationSeconds
  user: userByUserId { id username }
  metadata: metadatumByJobId { language tokens wordsPerMinute: wpm }`;

const translations: Record<string, (variables: GraphqlRequest['variables']) => GraphqlRequest> = {
  [operations.jobList]: (variables) => ({
    query: `query JobList($first: Int!) {
      jobs: allJobs(first: $first, ${ordered}) { edges { node { ${job} } } } }`,
    variables,
  }),
  [operations.job]: ({ id }) => ({
    query: `query Job($id: String!) { job: jobByRowId(rowId: $id) { ${job} } }`,
    variables: { id: decodeGlobalId(String(id)).id },
  }),
  [operations.userList]: (variables) => ({
    query: `query UserList { users: allUsers(first: 20, ${ordered}) { edges { node {
      id username
      jobs: jobsByUserId(first: 5, ${ordered}) { edges { node {
        id originalFilename status createdAt metadata: metadatumByJobId { language tokens }
      } } }
    } } } }`,
    variables,
  }),
};

/** The same request in PostGraphile's schema. */
export function translated({ query, variables }: GraphqlRequest): GraphqlRequest {
  const translate = translations[query];
  if (!translate) throw new Error(`PostGraphile is asked what it can't do: ${query}`);
  return translate(variables);
}

/** Its global ids are lists in JSON: of the type, which has the same name, and of the id. */
function ourId(id: string): string {
  const [type, own]: [string, string | number] = JSON.parse(Buffer.from(id, 'base64').toString());
  return encodeGlobalId(type, own);
}

const normalizations: Record<string, (value: string) => string> = {
  id: ourId,
  status: (status) => status.toUpperCase(),
  createdAt: (time) => new Date(time).toISOString(),
};

/** Its answer as ours is: ids, statuses and times are spelled otherwise. */
export const normalized = (data: unknown): unknown =>
  JSON.parse(JSON.stringify(data), (key, value) => {
    const normalize = normalizations[key];
    return normalize && typeof value === 'string' ? normalize(value) : value;
  });
