// Access logs: one line a request, in the stage's format, to CloudWatch Logs.
import { createHash } from 'node:crypto';
import { parseArn } from '../../base/arn.ts';
import { ServiceError } from '../../base/errors.ts';
import type { WorkContext } from '../../kernel/context.ts';
import type { LiveStage } from './store.ts';

/** The line for one request. Variables without a value print as a dash, as on AWS. */
export function formatAccessLine(format: string, variables: Readonly<Record<string, unknown>>): string {
  const line = format.replaceAll(/\$context\.([a-zA-Z][\w-]*(?:\.[a-zA-Z][\w-]*)*)/g, (_all, path: string) => {
    let value: unknown = variables;
    for (const name of path.split('.')) {
      value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
    }
    const isPrintable = typeof value === 'number' || (typeof value === 'string' && value !== '');
    return isPrintable ? String(value) : '-';
  });
  return line.replace(/\n$/, '');
}

/** Writes the line in the background: no response waits for its log. */
export function writeAccessLine(live: LiveStage, line: string, context: WorkContext): void {
  const { accessLog } = live.stage;
  if (accessLog === undefined) return;
  const resource = parseArn(accessLog.destinationArn)?.resource ?? '';
  const logGroupName = resource.replace(/^log-group:/, '').replace(/:\*$/, '');
  const timestamp = context.clock.now();
  context.spawn('apigateway/access-log', live.scope, async (own) => {
    const logStreamName = createHash('md5').update(`${live.api.id}/${live.stage.name}`).digest('hex');
    const put = (): Promise<unknown> =>
      own.call('logs', 'PutLogEvents', {
        logGroupName,
        logStreamName,
        logEvents: [{ timestamp, message: line }],
      });
    try {
      await put();
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (error.code !== 'ResourceNotFoundException') return;
      // The first line of a stream; a group that is gone takes no more lines.
      await own
        .call('logs', 'CreateLogStream', { logGroupName, logStreamName })
        .then(put)
        .catch((refused: unknown) => {
          if (!(refused instanceof ServiceError)) throw refused;
          return refused.code === 'ResourceAlreadyExistsException' ? put() : undefined;
        });
    }
  });
}
