// Shapes of properties that the resource handlers of many services share.
import type { PropertyShape } from './resources.ts';

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

/** An object of these members and no others, some of them required. */
export function object<P extends Readonly<Record<string, PropertyShape>>>(
  properties: P,
  required: readonly (string & keyof P)[],
): { readonly type: 'object'; readonly properties: P; readonly required: readonly string[] } {
  return { type: 'object', properties, required };
}

export function listOf<S extends PropertyShape>(of: S): { readonly type: 'list'; readonly of: S } {
  return { type: 'list', of };
}
