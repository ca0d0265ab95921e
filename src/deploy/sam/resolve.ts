// Resolves what the transform can know: references to parameters, and lookups in mappings.
import { documentError } from './sam-error.ts';
import { isMap, printValue } from './values.ts';
import type { JsonMap } from './values.ts';

/** Replaces references inside a value, in place; gives the value (another one when it is a reference itself). */
export type Resolve = <T>(value: T) => T;

/** `Ref` and the `${Name}` of Fn::Sub, where the name is a parameter's. */
export function parameterResolver(parameters: JsonMap): Resolve {
  return traversal((value) => {
    const name = value['Ref'];
    if (typeof name === 'string') return Object.hasOwn(parameters, name) ? parameters[name] : value;
    if ('Fn::Sub' in value) {
      replaceInSub(value, (whole, inner) => {
        if (!Object.hasOwn(parameters, inner)) return whole;
        const replacement = parameters[inner];
        if (typeof replacement === 'string') return replacement;
        throw documentError(
          `Invalid Fn::Sub variable value ${printValue(replacement)}. Fn::Sub expects all variables to be strings.`,
        );
      });
    }
    return value;
  });
}

/** Fn::FindInMap with literal keys. */
export function mappingResolver(mappings: JsonMap): Resolve {
  return traversal((value) => ('Fn::FindInMap' in value ? findInMap(value, mappings) : value));
}

function findInMap(value: JsonMap, mappings: JsonMap): unknown {
  const path: unknown = value['Fn::FindInMap'];
  if (!Array.isArray(path) || path.length !== 3) {
    throw documentError(
      `Invalid FindInMap value ${printValue(path)}. FindInMap expects an array with 3 values.`,
    );
  }
  const [name, top, second] = path as unknown[];
  if (typeof name !== 'string' || typeof top !== 'string' || typeof second !== 'string')
    return value;
  const notTwoLevels = (): never => {
    throw documentError(
      `Cannot use Fn::FindInMap on Mapping '${name}' which is not a a two-level map.`,
    );
  };
  if (!Object.hasOwn(mappings, name)) return value;
  const map = mappings[name];
  if (!isMap(map)) return notTwoLevels();
  if (!Object.hasOwn(map, top)) return value;
  const row = map[top];
  if (!isMap(row)) return notTwoLevels();
  return Object.hasOwn(row, second) ? row[second] : value;
}

/** Which resources were made from which, by `LogicalId` and `Property` (`MyFunction.Alias`). */
export type DerivedIds = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** Turns references to derived resources (`!Ref MyFunction.Alias`) into references to the real ones. */
export function derivedResolver(derived: DerivedIds): Resolve {
  const find = (id: string | undefined, property: string | undefined): string | undefined =>
    derived.get(id ?? '')?.get(property ?? '');
  return traversal((value) => {
    const name = value['Ref'];
    if (typeof name === 'string') {
      const dot = name.indexOf('.');
      const found = dot === -1 ? undefined : find(name.slice(0, dot), name.slice(dot + 1));
      return found === undefined ? value : { Ref: found };
    }
    if ('Fn::Sub' in value) {
      replaceInSub(value, (whole, inner) => {
        const [id, property] = inner.split('.');
        const found = find(id, property);
        return found === undefined ? whole : whole.replace(`${id}.${property}`, found);
      });
      return value;
    }
    return renameAttribute(value, ([id, property, ...rest]) => {
      const found = find(id, property);
      return found === undefined ? undefined : [found, ...rest];
    });
  });
}

/** Follows logical ids that changed (layers get a hash). */
export function renamedResolver(renamed: ReadonlyMap<string, string>): Resolve {
  return traversal((value) => {
    const name = value['Ref'];
    if (typeof name === 'string') {
      const found = renamed.get(name);
      return found === undefined ? value : { Ref: found };
    }
    if ('Fn::Sub' in value) {
      replaceInSub(value, (whole, inner) => {
        const [id = ''] = inner.split('.');
        const found = renamed.get(id);
        return found === undefined ? whole : whole.replace(id, found);
      });
      return value;
    }
    return renameAttribute(value, ([id = '', ...rest]) => {
      const found = renamed.get(id);
      return found === undefined ? undefined : [found, ...rest];
    });
  });
}

function renameAttribute(
  value: JsonMap,
  rename: (parts: string[]) => string[] | undefined,
): JsonMap {
  const argument: unknown = value['Fn::GetAtt'];
  if (!Array.isArray(argument) || argument.length < 2) return value;
  if (!argument.every((part): part is string => typeof part === 'string')) return value;
  const renamed = rename(argument.join('.').split('.'));
  if (renamed !== undefined) value['Fn::GetAtt'] = renamed;
  return value;
}

function replaceInSub(value: JsonMap, replace: (whole: string, inner: string) => string): void {
  const argument = value['Fn::Sub'];
  const edit = (text: string): string =>
    text.replace(/\$\{([A-Za-z0-9.]+|AWS::[A-Z][A-Za-z]*)\}/g, replace);
  if (typeof argument === 'string') value['Fn::Sub'] = edit(argument);
  else if (Array.isArray(argument) && typeof argument[0] === 'string')
    argument[0] = edit(argument[0]);
}

/** Visits every map of one member, outer ones first. */
function traversal(visit: (value: JsonMap) => unknown): Resolve {
  const traverse = (input: unknown): unknown => {
    const value = isMap(input) && Object.keys(input).length === 1 ? visit(input) : input;
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) value[i] = traverse(value[i]);
    } else if (isMap(value)) {
      for (const key of Object.keys(value)) value[key] = traverse(value[key]);
    }
    return value;
  };
  return <T>(value: T): T => traverse(value) as T;
}
