import type { ValidationRule } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { ApiError } from '../errors.ts';
import { isPlainObject } from './plainObject.ts';

/** Whether a text in a value, however deep, has the character that PostgreSQL's text can't hold. */
function hasNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0');
  // A file is an object too, of some million bytes.
  if (!Array.isArray(value) && !isPlainObject(value)) return false;
  return Object.values(value).some(hasNul);
}

const refusal = (): ApiError =>
  new ApiError('BAD_USER_INPUT', 'A text has the character U+0000, which no text here has.', {
    http: { status: 400 },
  });

const noNul: ValidationRule = (context) => ({
  StringValue({ value }) {
    if (hasNul(value)) context.reportError(refusal());
  },
});

/** Refuses the character NUL in variables and in the operation, before it reaches a database. */
export const useText = (): Plugin => ({
  onParams({ params, setResult }) {
    if (hasNul(params.variables)) setResult({ errors: [refusal()] });
  },
  onValidate({ addValidationRule }) {
    addValidationRule(noNul);
  },
});
