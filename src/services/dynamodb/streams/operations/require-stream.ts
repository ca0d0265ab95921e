// Finds the stream a request is about.
import { parseArn } from '../../../../base/arn.ts';
import type { ReadTx } from '../../../../base/store.ts';
import type { Scope } from '../../../../kernel/context.ts';
import { invalid, streamNotFound } from '../errors.ts';
import { loadStream, type StreamPlace, type StreamRecord } from '../store.ts';

const STREAM = /^table\/([a-zA-Z0-9_.-]+)\/stream\/(.+)$/;

/** The table's name and the label in a stream's ARN. */
export function readStreamArn(
  arn: string,
  { account, region }: Scope,
): Pick<StreamPlace, 'tableName' | 'label'> {
  const parsed = parseArn(arn);
  const match = STREAM.exec(parsed?.resource ?? '');
  const [, tableName, label] = match ?? [];
  if (parsed?.service !== 'dynamodb' || tableName === undefined || label === undefined) {
    throw invalid(`Invalid StreamArn: ${arn}`);
  }
  // Differs: streams of other accounts are out of reach, because there are no resource policies yet.
  if (parsed.account !== account || parsed.region !== region) throw streamNotFound(arn);
  return { tableName, label };
}

export async function requireStream(
  view: ReadTx,
  scope: Scope,
  arn: string,
): Promise<StreamRecord> {
  const stream = await loadStream(view, scope, readStreamArn(arn, scope));
  if (stream === undefined) throw streamNotFound(arn);
  return stream;
}
