// What a failure destination is told of records that were given up.
import { type Delivery, destinationService, recordObjectKey } from '../destinations.ts';
import { newInvocationId } from '../execution.ts';
import { functionArn } from '../function-reference.ts';
import type { StreamEntry } from './stream-source.ts';
import type { BatchTask, Discard } from './stream-task.ts';

/** The message; undefined when the mapping has no destination. */
export function failureDelivery(task: BatchTask, what: Discard): Delivery | undefined {
  const targetArn = task.settings.onFailureArn;
  const service = targetArn === undefined ? undefined : destinationService(targetArn);
  if (targetArn === undefined || service === undefined) return undefined;
  const record = failureRecord(task, what);
  if (service !== 's3') return { targetArn, text: JSON.stringify(record) };
  // AWS: a bucket gets the records, too, which are too much for a message.
  const payload = { Records: what.entries.map(({ event }) => event) };
  const objectKey = recordObjectKey(`aws/lambda/${task.mapping.uuid}/${task.shardId}`, task.context);
  return { targetArn, text: JSON.stringify({ ...record, payload }), objectKey };
}

/** <developer guide, "Retain discarded records for a DynamoDB event source", example> */
function failureRecord(
  { mapping, scope, shardId, context, source }: BatchTask,
  { entries, failures, condition, answer }: Discard,
): Record<string, unknown> {
  const [first, last] = [entries[0], entries.at(-1)];
  const { functionName, qualifier } = mapping;
  return {
    requestContext: {
      requestId: answer?.requestId ?? newInvocationId(context),
      functionArn: functionArn(scope, functionName, qualifier),
      condition,
      approximateInvokeCount: failures,
    },
    ...(answer === undefined
      ? {}
      : {
          responseContext: {
            statusCode: 200,
            executedVersion: answer.version,
            functionError: answer.result.error ?? null,
          },
        }),
    version: '1.0',
    timestamp: new Date(context.clock.now()).toISOString(),
    [source.batchInfoName]: {
      shardId,
      startSequenceNumber: first?.sequence,
      endSequenceNumber: last?.sequence,
      approximateArrivalOfFirstRecord: arrivalTime(first),
      approximateArrivalOfLastRecord: arrivalTime(last),
      batchSize: entries.length,
      streamArn: mapping.eventSourceArn,
    },
  };
}

/** To the second: `2019-11-14T00:13:19Z`. */
function arrivalTime(entry: StreamEntry | undefined): string {
  return new Date(entry?.arrivedMs ?? 0).toISOString().replace('.000Z', 'Z');
}
