import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTimeISO, GraphQLJSONObject, GraphQLSafeInt } from 'graphql-scalars';
import { ApiError } from '../errors.ts';
import { builder } from './builder.ts';

/** A year beside these is not four digits in UTC, and no time for PostgreSQL. */
function storable(time: Date): Date {
  const year = time.getUTCFullYear();
  if (year >= 1 && year <= 9999) return time;
  throw new ApiError('BAD_USER_INPUT', `The year ${year} is out of range; it is 1 to 9999.`);
}

builder.addScalarType(
  'DateTime',
  new GraphQLScalarType<Date, string>({
    name: 'DateTime',
    description: 'A moment in RFC 3339, such as 2026-03-01T12:00:00.000Z. Answers are in UTC.',
    specifiedByURL: 'https://datatracker.ietf.org/doc/html/rfc3339',
    parseValue: (value) => storable(GraphQLDateTimeISO.parseValue(value)),
    parseLiteral: (node, variables) => storable(GraphQLDateTimeISO.parseLiteral(node, variables)),
    // Both databases give times in this form already.
    serialize: String,
  }),
);

builder.addScalarType(
  'SafeInt',
  new GraphQLScalarType({
    ...GraphQLSafeInt.toConfig(),
    description: 'A whole number up to 2^53 - 1, for what outgrows Int: bytes.',
  }),
);

builder.addScalarType(
  'JSONObject',
  new GraphQLScalarType({
    ...GraphQLJSONObject.toConfig(),
    description: 'A JSON object with any members, such as the variables of an operation.',
  }),
);
