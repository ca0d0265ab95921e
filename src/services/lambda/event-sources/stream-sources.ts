// The kinds of streams that mappings can read. A new kind joins by its line here.
import { dynamodbSource } from './dynamodb-source.ts';
import type { StreamSource } from './stream-source.ts';

const STREAM_SOURCES: readonly StreamSource[] = [dynamodbSource];

/** The kind of a stream; undefined when the ARN names something else. */
export function findStreamSource(arn: string): StreamSource | undefined {
  return STREAM_SOURCES.find((source) => source.owns(arn));
}
