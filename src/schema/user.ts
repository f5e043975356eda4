import { visibleUser } from '../auth/visibility.ts';
import { auditLogOrdering } from '../db/auditLogs.ts';
import { isIndexed } from '../db/indexed.ts';
import type { JobCountRow } from '../db/jobs.ts';
import {
  countUsers,
  findUserPage,
  indexedUserFilters,
  type ShownUser,
  userOrderings,
  userRoles,
} from '../db/users.ts';
import { AuditLogConnection, auditLogPageRequest, userAuditLogArguments } from './auditLog.ts';
import { builder } from './builder.ts';
import { connectionComplexity, connectionOf, OrderDirection, pageRequest } from './connection.ts';
import { enumValues } from './enumValues.ts';
import { JobConnection, JobStatus, jobArguments, jobPageRequest } from './job.ts';
import { reads } from './lookAhead.ts';
import { AuditLog, Job, User } from './nodes.ts';
import { DateTimeRange, timeRange } from './range.ts';

export const UserRole = builder.enumType('UserRole', {
  description: 'What somebody may do.',
  values: enumValues(userRoles, {
    user: 'Sees and changes what is their own.',
    admin: 'Sees and changes everything.',
  }),
});

const JobCount = builder.objectRef<JobCountRow>('JobCount').implement({
  description: 'How many jobs are in a status.',
  fields: (t) => ({
    status: t.field({
      type: JobStatus,
      description: 'The status.',
      resolve: ({ status }) => status,
    }),
    count: t.exposeInt('count', { description: 'How many jobs are in it.' }),
  }),
});

User.implement({
  description: 'Somebody with an account.',
  fields: (t) => ({
    username: t.exposeString('username', { description: 'The name to log in with.' }),
    email: t.exposeString('email', { description: 'Where to reach them.' }),
    role: t.field({
      type: UserRole,
      description: 'What they may do.',
      extensions: reads<ShownUser>('role'),
      resolve: (user) => user.role,
    }),
    isActive: t.boolean({
      description: 'Whether they can log in.',
      extensions: reads<ShownUser>('is_active'),
      resolve: (user) => Boolean(user.is_active),
    }),
    mustChangePassword: t.boolean({
      description: 'Whether the password was set by somebody else and has to be changed first.',
      extensions: reads<ShownUser>('must_change_password'),
      resolve: (user) => Boolean(user.must_change_password),
    }),
    createdAt: t.expose('created_at', {
      type: 'DateTime',
      description: 'When the account was made.',
    }),
    lastLogin: t.expose('last_login', {
      type: 'DateTime',
      nullable: true,
      description: 'When they logged in last; null if never.',
    }),
    jobs: t.connection(
      {
        type: Job,
        authScopes: { reader: true },
        description: 'The jobs that they uploaded.',
        args: jobArguments,
        complexity: connectionComplexity,
        extensions: reads<ShownUser>(),
        resolve: async (user, args, { loaders }, info) => {
          const request = loaders.jobPageByUserId.requestOf(info.fieldNodes, () =>
            jobPageRequest(args, args.filter?.userId?.id ?? null, info),
          );
          const page = await loaders.jobPageByUserId.load({ parent: user.id, request });
          return connectionOf(page, request.page.ordering, () =>
            loaders.jobCountByUserId.load({ parent: user.id, request: request.filter }),
          );
        },
      },
      JobConnection,
    ),
    jobCounts: t.field({
      type: [JobCount],
      authScopes: { reader: true },
      description: 'How many jobs they have in each status; those with none are left out.',
      extensions: reads<ShownUser>(),
      resolve: (user, _args, { loaders }) => loaders.jobStatusCountsByUserId.load(user.id),
    }),
    auditLogs: t.connection(
      {
        type: AuditLog,
        authScopes: { administrator: true },
        description: 'What they did and tried, the newest first. For administrators.',
        args: userAuditLogArguments,
        complexity: connectionComplexity,
        extensions: reads<ShownUser>(),
        resolve: async (user, args, { loaders }, { fieldNodes }) => {
          const request = loaders.auditLogPageByUserId.requestOf(fieldNodes, () =>
            auditLogPageRequest(args, null),
          );
          const page = await loaders.auditLogPageByUserId.load({ parent: user.id, request });
          return connectionOf(page, auditLogOrdering, () =>
            loaders.auditLogCountByUserId.load({ parent: user.id, request: request.filter }),
          );
        },
      },
      AuditLogConnection,
    ),
  }),
});

const UserFilterInput = builder.inputType('UserFilter', {
  description: 'Which users; all conditions that are given hold together.',
  fields: (t) => ({
    role: t.field({ type: UserRole, description: 'With this role.' }),
    isActive: t.boolean({ description: 'Who can log in, or who cannot.' }),
    createdAt: t.field({ type: DateTimeRange, description: 'Made in this span of time.' }),
    lastLogin: t.field({
      type: DateTimeRange,
      description: 'Last logged in in this span of time.',
    }),
    usernamePrefix: t.string({ description: 'Whose user name begins so, in lower case.' }),
  }),
});

const UserOrderField = builder.enumType('UserOrderField', {
  description: 'What users can be ordered by.',
  values: {
    CREATED_AT: { value: 'created_at', description: 'When the account was made.' },
    LAST_LOGIN: { value: 'last_login', description: 'When they logged in last.' },
    USERNAME: { value: 'username', description: 'The user name.' },
  } as const,
});

const UserOrder = builder.inputType('UserOrder', {
  description: 'The order of users. Among equals, the id decides.',
  fields: (t) => ({
    field: t.field({ type: UserOrderField, required: true, description: 'What to order by.' }),
    direction: t.field({
      type: OrderDirection,
      defaultValue: 'descending',
      description: 'Which end comes first.',
    }),
  }),
});

const UserConnection = builder.connectionObject(
  { type: User, name: 'UserConnection', description: 'A page of users.' },
  { name: 'UserEdge', description: 'A user on a page.' },
);

builder.queryFields((t) => ({
  viewer: t.field({
    type: User,
    nullable: true,
    description: 'Who asks; null for workers and without a token.',
    resolve: (_root, _args, { viewer }) => (viewer?.kind === 'user' ? viewer.user : null),
  }),
  user: t.field({
    type: User,
    nullable: true,
    authScopes: { reader: true },
    description: 'One user; null where they do not exist for the viewer.',
    args: { id: t.arg.globalID({ for: User, required: true, description: 'The id of the user.' }) },
    resolve: async (_root, { id }, { loaders, viewer }) =>
      visibleUser(viewer, await loaders.userById.load(id.id)),
  }),
  users: t.connection(
    {
      type: User,
      authScopes: { administrator: true },
      description: 'All users. For administrators.',
      args: {
        filter: t.arg({ type: UserFilterInput, description: 'Which users; all if not given.' }),
        orderBy: t.arg({
          type: UserOrder,
          description: 'Their order; the newest first if not given.',
        }),
      },
      complexity: connectionComplexity,
      resolve: async (_root, args, { db, longReads }) => {
        const { orderBy } = args;
        const ordering = userOrderings[orderBy?.field ?? 'created_at'];
        const filter = {
          ...args.filter,
          createdAt: timeRange(args.filter?.createdAt),
          lastLogin: timeRange(args.filter?.lastLogin),
        };
        const request = {
          filter,
          page: pageRequest(args, ordering, orderBy?.direction !== 'ascending'),
        };
        const page = await findUserPage(
          isIndexed(indexedUserFilters, request) ? db : longReads,
          request,
        );
        return connectionOf(page, ordering, () => countUsers(longReads, filter));
      },
    },
    UserConnection,
  ),
}));
