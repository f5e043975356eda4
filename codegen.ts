import type { CodegenConfig } from '@graphql-codegen/cli';

/** Typed documents of operations, in Node's TypeScript: types that are only erased. */
const documentsOf = (documents: string[]) => ({
  documents,
  preset: 'client' as const,
  presetConfig: { fragmentMasking: false, skipIndexFile: true },
  config: {
    scalars: {
      DateTime: 'string',
      SafeInt: 'number',
      JSONObject: 'Record<string, unknown>',
      WhisperJson: { input: 'Record<string, unknown>', output: 'never' },
    },
    strictScalars: true,
    enumType: 'string-literal',
    useTypeImports: true,
    documentMode: 'documentNode',
  },
});

/** What the tests send and the examples hold, and what the worker sends. */
const config: CodegenConfig = {
  schema: './schema.graphql',
  ignoreNoDocuments: true,
  importExtension: '.ts',
  silent: true,
  generates: {
    'test/graphql/': documentsOf(['test/**/*.ts', '!test/graphql/**', 'examples/*.graphql']),
    'worker/graphql/': documentsOf(['worker/**/*.ts', '!worker/graphql/**']),
  },
};

export default config;
