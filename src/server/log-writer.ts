// Carries what functions write to CloudWatch Logs, through the service's own operations.
import { ServiceError } from '../base/errors.ts';
import type { FunctionDefinition, LogLine, LogSink } from '../base/function-runner.ts';
import type { Call, CallOptions } from '../kernel/context.ts';

/** Limits of one PutLogEvents call. <CloudWatch Logs API reference, PutLogEvents> */
const BATCH_EVENTS_MAX = 10_000;
const BATCH_BYTES_MAX = 1_048_576;
const EVENT_OVERHEAD_BYTES = 26;

export function createLogWriter(call: Call): LogSink {
  const known = new Set<string>();

  async function ensureStream(
    definition: FunctionDefinition,
    streamName: string,
    options: CallOptions,
  ): Promise<void> {
    const logGroupName = definition.logGroup;
    await unlessExists(call('logs', 'CreateLogGroup', { logGroupName }, options));
    await unlessExists(
      call('logs', 'CreateLogStream', { logGroupName, logStreamName: streamName }, options),
    );
  }

  return {
    async write(definition, streamName, lines) {
      const { account, region, logGroup } = definition;
      const options: CallOptions = {
        account,
        region,
        as: { kind: 'service', account, service: 'lambda.amazonaws.com', sourceArn: definition.arn },
      };
      const streamKey = `${account}/${region}/${logGroup}/${streamName}`;
      if (!known.has(streamKey)) {
        await ensureStream(definition, streamName, options);
        known.add(streamKey);
      }
      for (const batch of batches(lines)) {
        const input = {
          logGroupName: logGroup,
          logStreamName: streamName,
          logEvents: batch.map((line) => ({ timestamp: line.timestampMs, message: line.message })),
        };
        try {
          await call('logs', 'PutLogEvents', input, options);
        } catch (error) {
          // Somebody deleted the group or stream under a warm environment: AWS makes them anew.
          if (!(error instanceof ServiceError) || error.code !== 'ResourceNotFoundException') throw error;
          await ensureStream(definition, streamName, options);
          await call('logs', 'PutLogEvents', input, options);
        }
      }
    },
  };
}

async function unlessExists(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'ResourceAlreadyExistsException') return;
    throw error;
  }
}

function* batches(lines: readonly LogLine[]): Generator<LogLine[]> {
  let batch: LogLine[] = [];
  let batchBytes = 0;
  for (const line of lines) {
    const lineBytes = Buffer.byteLength(line.message) + EVENT_OVERHEAD_BYTES;
    if (batch.length === BATCH_EVENTS_MAX || (batch.length > 0 && batchBytes + lineBytes > BATCH_BYTES_MAX)) {
      yield batch;
      batch = [];
      batchBytes = 0;
    }
    batch.push(line);
    batchBytes += lineBytes;
  }
  if (batch.length > 0) yield batch;
}
