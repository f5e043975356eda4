import './scalars.ts';
import './payloadErrors.ts';
import './job.ts';
import './metadata.ts';
import './segment.ts';
import './user.ts';
import './auditLog.ts';
import './search.ts';
import './jobStatistics.ts';
import './metadataAnalytics.ts';
import './userActivity.ts';
import './securityEvents.ts';
import './session.ts';
import './account.ts';
import './apiKey.ts';
import './performance.ts';
import { builder } from './builder.ts';

export const createSchema = () => builder.toSchema();
