import type { CodegenConfig } from '@graphql-codegen/cli';

/** Typed documents for the operations that the tests send, in Node's TypeScript: types that are only erased. */
const config: CodegenConfig = {
  schema: './schema.graphql',
  documents: ['test/**/*.ts', '!test/graphql/**', 'examples/*.graphql'],
  ignoreNoDocuments: true,
  importExtension: '.ts',
  silent: true,
  generates: {
    'test/graphql/': {
      preset: 'client',
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
    },
  },
};

export default config;
