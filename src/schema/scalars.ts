import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTimeISO, GraphQLSafeInt } from 'graphql-scalars';
import { builder } from './builder.ts';

builder.addScalarType(
  'DateTime',
  new GraphQLScalarType<Date, string>({
    name: 'DateTime',
    description: 'A moment in RFC 3339, such as 2026-03-01T12:00:00.000Z. Answers are in UTC.',
    specifiedByURL: 'https://datatracker.ietf.org/doc/html/rfc3339',
    parseValue: GraphQLDateTimeISO.parseValue,
    parseLiteral: GraphQLDateTimeISO.parseLiteral,
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
