// The AWS::LanguageExtensions transform: expands Fn::ForEach. Its functions are evaluated with the rest.
import { TemplateError } from '../kernel/templates.ts';
import { textOf } from './parameters.ts';
import type { ParameterValue } from './parameters.ts';
import { isObject } from './parse-template.ts';
import type { PlainObject } from './parse-template.ts';

const LOOP = /^Fn::ForEach::([a-zA-Z0-9]+)$/;

type Bindings = ReadonlyMap<string, string>;

interface Scope {
  readonly parameters: ReadonlyMap<string, ParameterValue>;
  readonly mappings: PlainObject;
  readonly bindings: Bindings;
}

/** The template with its loops written out. Throws TemplateError. */
export function expandLoops(
  content: PlainObject,
  parameters: ReadonlyMap<string, ParameterValue>,
): PlainObject {
  const mappings = isObject(content['Mappings']) ? content['Mappings'] : {};
  const scope: Scope = { parameters, mappings, bindings: new Map() };
  const expanded: Record<string, unknown> = {};
  for (const [section, value] of Object.entries(content)) {
    const hasLoops = section === 'Resources' || section === 'Conditions' || section === 'Outputs';
    expanded[section] = hasLoops ? expand(value, scope) : value;
  }
  return expanded;
}

function expand(value: unknown, scope: Scope): unknown {
  if (typeof value === 'string') return substitute(value, scope.bindings);
  if (Array.isArray(value)) return value.map((item: unknown) => expand(item, scope));
  if (!isObject(value)) return value;
  const name = value['Ref'];
  if (typeof name === 'string' && Object.keys(value).length === 1) {
    const bound = scope.bindings.get(name);
    if (bound !== undefined) return bound;
  }
  const out: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (LOOP.test(key)) merge(out, expandLoop(key, inner, scope));
    else merge(out, { [substitute(key, scope.bindings)]: expand(inner, scope) });
  }
  return out;
}

function merge(out: Record<string, unknown>, more: PlainObject): void {
  for (const [key, value] of Object.entries(more)) {
    if (Object.hasOwn(out, key)) refuse(`Fn::ForEach could not generate unique keys: ${key}`);
    out[key] = value;
  }
}

function expandLoop(key: string, argument: unknown, scope: Scope): PlainObject {
  if (!Array.isArray(argument) || argument.length !== 3) {
    refuse(
      `${key} requires a list argument with three elements: an identifier, a collection and a body`,
    );
  }
  const [identifier, collection, body] = argument as unknown[];
  if (typeof identifier !== 'string' || !isObject(body)) {
    refuse(`${key} requires an identifier that is a string and a body that is an object`);
  }
  const out: Record<string, unknown> = {};
  for (const item of readCollection(key, collection, scope)) {
    const bindings = new Map(scope.bindings).set(identifier, item);
    const expanded = expand(body, { ...scope, bindings });
    if (isObject(expanded)) merge(out, expanded);
  }
  return out;
}

function readCollection(key: string, collection: unknown, scope: Scope): string[] {
  const value = resolveStatic(expand(collection, scope), scope);
  if (!Array.isArray(value))
    refuse(`${key}: the collection must be a list of strings known before deployment`);
  return value.flatMap((item: unknown) => {
    const resolved = resolveStatic(item, scope);
    if (Array.isArray(resolved)) return resolved.map(String);
    return typeof resolved === 'object'
      ? refuse(`${key}: an item of the collection is not known`)
      : [textOf(resolved)];
  });
}

function resolveStatic(value: unknown, scope: Scope): unknown {
  if (!isObject(value)) return value;
  const name = value['Ref'];
  if (typeof name === 'string') return scope.parameters.get(name) ?? value;
  const path = value['Fn::FindInMap'];
  if (!Array.isArray(path)) return value;
  let found: unknown = scope.mappings;
  for (const step of path.slice(0, 3)) {
    const resolved = String(resolveStatic(step, scope));
    found = isObject(found) ? found[resolved] : undefined;
  }
  return found ?? value;
}

/** `${Id}` gives the item; `&{Id}` gives it without what a logical id may not hold. */
function substitute(text: string, bindings: Bindings): string {
  let out = text;
  for (const [identifier, item] of bindings) {
    out = out.replaceAll(`\${${identifier}}`, item);
    out = out.replaceAll(`&{${identifier}}`, item.replace(/[^a-zA-Z0-9]/g, ''));
  }
  return out;
}

function refuse(message: string): never {
  throw new TemplateError(`Transform AWS::LanguageExtensions failed with: ${message}`, {
    kind: 'transform',
  });
}
