// What the CloudFormation types of IAM share: property shapes, tags, policies, tidy failure.
import { ServiceError } from '../../base/errors.ts';
import type { PropertyShape, ResourceRequest } from '../../kernel/resources.ts';

export const text: PropertyShape = { type: 'string' };
export const texts: PropertyShape = { type: 'list', of: text };
export const json: PropertyShape = { type: 'json' };
export const tagList: PropertyShape = {
  type: 'list',
  of: { type: 'object', properties: { Key: text, Value: text }, required: ['Key', 'Value'] },
};
export const inlinePolicies: PropertyShape = {
  type: 'list',
  of: {
    type: 'object',
    properties: { PolicyName: text, PolicyDocument: json },
    required: ['PolicyName', 'PolicyDocument'],
  },
};

export interface InlinePolicyProperty {
  readonly PolicyName: string;
  readonly PolicyDocument: unknown;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** Documents are objects in templates, and now and then JSON text. */
export function documentOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? {});
}

export function policiesOf(value: unknown): readonly InlinePolicyProperty[] {
  // The shape was checked before the handler was called.
  return Array.isArray(value) ? (value as InlinePolicyProperty[]) : [];
}

/**
 * The resource's tags over the stack's own.
 * Differs: `aws:cloudformation:*` tags are left out; IAM refuses the prefix from everyone here.
 */
export function wantedTags({
  properties,
  stackTags,
}: ResourceRequest): { Key: string; Value: string }[] {
  const wanted = new Map(
    Object.entries(stackTags).filter(([key]) => !key.toLowerCase().startsWith('aws:')),
  );
  const own = Array.isArray(properties['Tags'])
    ? (properties['Tags'] as { Key: string; Value: string }[])
    : [];
  for (const { Key, Value } of own) wanted.set(Key, Value);
  return [...wanted].map(([Key, Value]) => ({ Key, Value }));
}

/** Runs the steps after a creation; when one fails, undoes the creation before the failure is told. */
export async function finishOrUndo(
  finish: () => Promise<void>,
  undo: () => Promise<void>,
): Promise<void> {
  try {
    await finish();
  } catch (error) {
    await undo();
    throw error;
  }
}

/** `id` when reading it succeeds; undefined when there is no such thing. */
export async function findName(
  id: string,
  read: () => Promise<unknown>,
): Promise<string | undefined> {
  let found: string | undefined;
  await ignoreMissing(async () => {
    await read();
    found = id;
  });
  return found;
}

/** What is gone already counts as removed. */
export async function ignoreMissing(remove: () => Promise<unknown>): Promise<void> {
  try {
    await remove();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'NoSuchEntity') throw error;
  }
}

/** Names in `before` that `after` no longer has. */
export function missingFrom<T>(before: readonly T[], after: readonly T[]): T[] {
  return before.filter((item) => !after.includes(item));
}
