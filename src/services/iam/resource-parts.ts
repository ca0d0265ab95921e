// What the CloudFormation types of IAM share: property shapes, tags, policies, tidy failure.
import { JSON_VALUE, TEXT, listOf, object } from '../../kernel/property-shapes.ts';
import {
  jsonText,
  tagPairs,
  tagsOf,
  unlessAbsent,
  unlessGone,
} from '../../kernel/resource-requests.ts';
import type { ResourceRequest } from '../../kernel/resources.ts';

/** How IAM says that what is to be removed is not there. */
const GONE = 'NoSuchEntity';

export const inlinePolicies = listOf(
  object({ PolicyName: TEXT, PolicyDocument: JSON_VALUE }, ['PolicyName', 'PolicyDocument']),
);

export interface InlinePolicyProperty {
  readonly PolicyName: string;
  readonly PolicyDocument: unknown;
}

/** Documents are objects in templates, and now and then JSON text. */
export function documentOf(value: unknown): string {
  return jsonText(value ?? {});
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
  const allowed = Object.entries(stackTags).filter(([key]) => !key.toLowerCase().startsWith('aws:'));
  return tagPairs(tagsOf({ properties, stackTags: Object.fromEntries(allowed) }));
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
  return unlessAbsent(
    read().then(() => id),
    GONE,
  );
}

/** What is gone already counts as removed. */
export async function ignoreMissing(remove: () => Promise<unknown>): Promise<void> {
  await unlessGone(remove(), GONE);
}

/** Names in `before` that `after` no longer has. */
export function missingFrom<T>(before: readonly T[], after: readonly T[]): T[] {
  return before.filter((item) => !after.includes(item));
}
