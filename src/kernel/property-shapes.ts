// Shapes and readings that the resource handlers of many services share.
import { ServiceError } from '../base/errors.ts';
import type { Properties, PropertyShape } from './resources.ts';

export const TEXT = { type: 'string' } as const;
export const FLAG = { type: 'boolean' } as const;
export const INTEGER = { type: 'integer' } as const;
export const NUMBER = { type: 'number' } as const;
/** Any JSON: an object, or text that holds one. */
export const JSON_VALUE = { type: 'json' } as const;
export const TEXTS = { type: 'list', of: TEXT } as const;
export const TEXT_MAP = { type: 'map', of: TEXT } as const;
export const FLAG_MAP = { type: 'map', of: FLAG } as const;

/** `[{Key, Value}]`, the form of tags in templates. */
export const TAGS = {
  type: 'list',
  of: { type: 'object', properties: { Key: TEXT, Value: TEXT }, required: ['Key', 'Value'] },
} as const satisfies PropertyShape;

/** An object of these members and no others, none required. */
export function only<P extends Readonly<Record<string, PropertyShape>>>(
  properties: P,
): { readonly type: 'object'; readonly properties: P } {
  return { type: 'object', properties };
}

/** The text of a property; undefined when it is absent. */
export function textOf(properties: Properties, name: string): string | undefined {
  const value = properties[name];
  return typeof value === 'string' ? value : undefined;
}

/** Tags of the template over those of the stack, as key → value. */
export function tagsOf(request: {
  readonly properties: Properties;
  readonly stackTags: Readonly<Record<string, string>>;
}): Record<string, string> {
  const list = (request.properties['Tags'] ?? []) as readonly { Key: string; Value: string }[];
  return { ...request.stackTags, ...Object.fromEntries(list.map(({ Key, Value }) => [Key, Value])) };
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
