import { generate } from '@graphql-codegen/cli';
import codegen from '../../codegen.ts';
import { type GeneratedFile, heading } from './generatedFile.ts';
import { printedSchema } from './schema.ts';

/** The operations of tests and examples with their types. An operation that the schema does not allow throws. */
export async function documentFiles(): Promise<GeneratedFile[]> {
  // The schema as it is now: the file may be as stale as these.
  const files: { filename: string; content: string }[] = await generate(
    { ...codegen, schema: printedSchema() },
    false,
  );
  return files.map(({ filename, content }) => ({
    path: filename,
    text: heading('//') + content,
  }));
}
