import { GraphQLScalarType } from 'graphql';
import { ApiError } from '../errors.ts';
import type { TranscriptFile } from '../transcripts/receivedTranscript.ts';
import { builder } from './builder.ts';

/** The part of a multipart request, as the HTTP layer gives it. */
type UploadedFile = Pick<Blob, 'size' | 'stream'>;

const isFile = (value: object): value is UploadedFile =>
  'stream' in value && typeof value.stream === 'function';

const inline = (value: object): TranscriptFile => {
  const bytes = Buffer.from(JSON.stringify(value));
  return {
    size: bytes.length,
    async *chunks() {
      yield bytes;
    },
  };
};

/** Nothing is read here: arguments are parsed twice, once for the cost of the operation. */
export interface WhisperJson {
  open(): TranscriptFile;
}

function parsed(value: unknown): WhisperJson {
  if (typeof value !== 'object' || value === null) {
    throw new ApiError('BAD_USER_INPUT', "Whisper's JSON is an object, or a file with one.");
  }
  return {
    open: () =>
      isFile(value) ? { size: value.size, chunks: () => value.stream() } : inline(value),
  };
}

builder.addScalarType(
  'WhisperJson',
  new GraphQLScalarType<WhisperJson, never>({
    name: 'WhisperJson',
    description:
      'A transcript as openai-whisper or whisper.cpp writes it as JSON: the object itself, or by a multipart request the file with it, which may have 48 MB. The two forms are told apart by what is in them.',
    specifiedByURL: 'https://github.com/graphql/graphql-multipart-request-spec',
    parseValue: parsed,
  }),
);
