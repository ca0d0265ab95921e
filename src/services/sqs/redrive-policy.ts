// Reads RedrivePolicy and RedriveAllowPolicy documents.
import type { RedriveAllowPolicy, RedrivePermission, RedrivePolicy } from './queue.ts';
import { parseQueueArn } from './queue.ts';
import { invalidValue } from './errors.ts';

const SOURCES_MAX = 10;

/** @returns undefined for the documents that switch redriving off: empty text and `{}`. */
export function readRedrivePolicy(text: string): RedrivePolicy | undefined {
  const refuse = (reason: string): Error => invalidValue(text, 'RedrivePolicy', reason);
  const document = readMap(text, refuse);
  if (document === undefined) return undefined;
  const { deadLetterTargetArn, maxReceiveCount, ...unknown } = document;
  if (Object.keys(unknown).length > 0) {
    throw refuse(
      'Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].',
    );
  }
  for (const [name, value] of Object.entries({ deadLetterTargetArn, maxReceiveCount })) {
    if (value === undefined) {
      throw refuse(`Redrive policy does not contain mandatory attribute: ${name}.`);
    }
  }
  if (typeof deadLetterTargetArn !== 'string' || parseQueueArn(deadLetterTargetArn) === undefined) {
    throw refuse('Invalid value for deadLetterTargetArn.');
  }
  const maxReceives = Number(maxReceiveCount);
  if (!Number.isInteger(maxReceives) || maxReceives < 1 || maxReceives > 1000) {
    throw refuse(
      `Invalid value for maxReceiveCount: ${String(maxReceiveCount)}, ` +
        'valid values are from 1 to 1000 both inclusive.',
    );
  }
  return { targetArn: deadLetterTargetArn, maxReceives };
}

/** @returns undefined for empty text and `{}`: the default, all queues are allowed. */
export function readRedriveAllowPolicy(text: string): RedriveAllowPolicy | undefined {
  const refuse = (reason: string): Error => invalidValue(text, 'RedriveAllowPolicy', reason);
  const document = readMap(text, refuse);
  if (document === undefined) return undefined;
  const { redrivePermission: permission, sourceQueueArns: arns } = document;
  if (!isPermission(permission)) throw refuse('Invalid value for redrivePermission.');
  if (permission !== 'byQueue') {
    if (arns !== undefined)
      throw refuse('sourceQueueArns is valid for redrivePermission byQueue only.');
    return { permission, sourceArns: [] };
  }
  if (!Array.isArray(arns) || arns.length === 0 || arns.length > SOURCES_MAX) {
    throw refuse(`sourceQueueArns must hold 1 to ${SOURCES_MAX} queue ARNs.`);
  }
  const sourceArns = arns.map(String);
  if (sourceArns.some((arn) => parseQueueArn(arn) === undefined)) {
    throw refuse('Invalid value for sourceQueueArns.');
  }
  return { permission, sourceArns };
}

function isPermission(value: unknown): value is RedrivePermission {
  return value === 'allowAll' || value === 'denyAll' || value === 'byQueue';
}

function readMap(
  text: string,
  refuse: (reason: string) => Error,
): Record<string, unknown> | undefined {
  if (text === '') return undefined;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw refuse('Redrive policy is not a valid JSON map.');
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw refuse('Redrive policy is not a valid JSON map.');
  }
  return Object.keys(document).length === 0 ? undefined : { ...document };
}
