// Tells of an import's errors in CloudWatch Logs.
import { ServiceError } from '../../../base/errors.ts';
import type { WorkContext } from '../../../kernel/context.ts';
import type { ImportRecord } from './store.ts';

export const IMPORT_LOG_GROUP = '/aws-dynamodb/imports';

const BATCH_EVENTS = 100;
/** Differs: further errors are counted but not told, because one bad file could fill the logs. */
const EVENTS_MAX = 10_000;

interface ImportError {
  readonly key: string;
  /** Of the item within the object. */
  readonly index: number;
  readonly problem: string;
}

export interface ErrorLog {
  add(error: ImportError): Promise<void>;
  flush(): Promise<void>;
}

export function createErrorLog(context: WorkContext, record: ImportRecord): ErrorLog {
  const logStreamName = `${record.id}/error`;
  const target = { logGroupName: IMPORT_LOG_GROUP, logStreamName };
  let waiting: ImportError[] = [];
  let told = 0;

  async function flush(): Promise<void> {
    if (waiting.length === 0) return;
    if (told === 0) await openStream(context, logStreamName);
    told += waiting.length;
    const timestamp = context.clock.now();
    const logEvents = waiting.map((error) => ({ timestamp, message: formatError(record, error) }));
    waiting = [];
    await context.call('logs', 'PutLogEvents', { ...target, logEvents });
  }

  return {
    async add(error) {
      if (told + waiting.length >= EVENTS_MAX) return;
      waiting.push(error);
      if (waiting.length >= BATCH_EVENTS) await flush();
    },
    flush,
  };
}

function formatError({ bucket, arn }: ImportRecord, { key, index, problem }: ImportError): string {
  return JSON.stringify({
    itemS3Pointer: { bucket, key, itemIndex: index },
    importArn: arn,
    errorMessages: [problem],
  });
}

/** Both may be there already: the group from other imports, the stream from before a crash. */
async function openStream(context: WorkContext, logStreamName: string): Promise<void> {
  await ignoreExisting(() =>
    context.call('logs', 'CreateLogGroup', { logGroupName: IMPORT_LOG_GROUP }),
  );
  await ignoreExisting(() =>
    context.call('logs', 'CreateLogStream', { logGroupName: IMPORT_LOG_GROUP, logStreamName }),
  );
}

async function ignoreExisting(make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'ResourceAlreadyExistsException') return;
    throw error;
  }
}
