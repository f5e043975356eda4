import type { DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Validates a document once: there is one schema, and the rules are always the same. Yoga's own cache asks which they
 * are, by their names, for each request.
 */
export function useValidationCache(): Plugin {
  const results = new WeakMap<DocumentNode, readonly Error[]>();
  return {
    onValidate({ params: { documentAST }, setResult }) {
      const before = results.get(documentAST);
      if (!before) return ({ result }) => void results.set(documentAST, result);
      // It is only read.
      setResult([...before]);
    },
  };
}
