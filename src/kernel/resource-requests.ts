// Reading the requests of resource handlers, and the steps that those of many services share.
import { ServiceError } from '../base/errors.ts';
import type { Properties, ResourceRequest } from './resources.ts';

/** The text of a property; undefined when it is absent. */
export function textOf(properties: Properties, name: string): string | undefined {
  const value = properties[name];
  return typeof value === 'string' ? value : undefined;
}

/** The texts of a list property; none when it is absent. */
export function textsOf(properties: Properties, name: string): readonly string[] {
  const value = properties[name];
  return Array.isArray(value) ? value.map(String) : [];
}

/** A value as services take it inside a text: JSON of what is not a text already. */
export function jsonText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

interface Tagged {
  readonly properties: Properties;
  readonly stackTags: Readonly<Record<string, string>>;
}

/** Tags of the template over those of the stack, as key → value. */
export function tagsOf({ properties, stackTags }: Tagged): Record<string, string> {
  return { ...stackTags, ...givenTags(properties) };
}

function givenTags(properties: Properties): Record<string, string> {
  const list = (properties['Tags'] ?? []) as readonly { Key: string; Value: string }[];
  return Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]));
}

/** Keys of tags that the template no longer gives. */
export function goneTags(request: Tagged & { readonly previous: Properties }): string[] {
  const wanted = tagsOf(request);
  return Object.keys(givenTags(request.previous)).filter((key) => !(key in wanted));
}

export function tagPairs(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** Whether tags say that a resource was made for this stack and logical id. */
export function isOwn(
  { stackId, logicalId }: Pick<ResourceRequest, 'stackId' | 'logicalId'>,
  tags: Readonly<Record<string, string>> | undefined,
): boolean {
  return (
    tags?.['aws:cloudformation:stack-id'] === stackId &&
    tags['aws:cloudformation:logical-id'] === logicalId
  );
}

/** Whether a property differs between two generations of a resource. */
export function hasChanged(name: string, before: Properties, after: Properties): boolean {
  return JSON.stringify(before[name]) !== JSON.stringify(after[name]);
}

/** Settles for the outcome when what was to be removed is gone already. @param code the service's "not found" */
export async function unlessGone(work: Promise<unknown>, code: string): Promise<void> {
  await unlessAbsent(work, code);
}

/** What was found; undefined when it is not there. @param code the service's "not found" */
export async function unlessAbsent<T>(work: Promise<T>, code: string): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== code) throw error;
    return undefined;
  }
}

/** All items of a listing. @param read a page, from the token of the page before */
export async function listAll<T>(
  read: (token: string | undefined) => Promise<{
    readonly items: readonly T[] | undefined;
    readonly next: string | undefined;
  }>,
): Promise<T[]> {
  const all: T[] = [];
  let token: string | undefined;
  do {
    const { items = [], next } = await read(token);
    all.push(...items);
    token = next;
  } while (token !== undefined && token !== '');
  return all;
}
