// Which resources and parameters an expression mentions, without computing it.
import { isObject } from './parse-template.ts';
import { readGetAtt, readSub, substitutions } from './evaluate.ts';

export interface Reference {
  /** Logical id of a resource, or a parameter. Pseudo parameters are left out. */
  readonly name: string;
  /** Present for Fn::GetAtt. */
  readonly attribute?: string;
}

/**
 * @param decide tells a condition's value; undefined takes both branches of Fn::If.
 */
export function referencesIn(
  value: unknown,
  decide: (condition: string) => boolean | undefined,
): Reference[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown) => referencesIn(item, decide));
  if (!isObject(value)) return [];
  const [key = '', ...more] = Object.keys(value);
  const argument = value[key];
  if (more.length === 0) {
    if (key === 'Ref' && typeof argument === 'string') return reference(argument);
    if (key === 'Fn::GetAtt') {
      const [name, attribute] = readGetAtt(argument);
      const inner = referencesIn(attribute, decide);
      return [{ name, attribute: typeof attribute === 'string' ? attribute : '' }, ...inner];
    }
    if (key === 'Fn::Sub') return referencesInSub(argument, decide);
    if (key === 'Fn::If' && Array.isArray(argument)) {
      const [condition, whenTrue, whenFalse] = argument as unknown[];
      const holds = typeof condition === 'string' ? decide(condition) : undefined;
      if (holds !== undefined) return referencesIn(holds ? whenTrue : whenFalse, decide);
    }
  }
  return Object.values(value).flatMap((inner) => referencesIn(inner, decide));
}

function referencesInSub(
  argument: unknown,
  decide: (condition: string) => boolean | undefined,
): Reference[] {
  const { text, variables } = readSub(argument);
  const inText = substitutions(text)
    .filter((name) => !Object.hasOwn(variables, name))
    .flatMap((name) => {
      const dot = name.indexOf('.');
      return dot === -1
        ? reference(name)
        : [{ name: name.slice(0, dot), attribute: name.slice(dot + 1) }];
    });
  return [...inText, ...referencesIn(variables, decide)];
}

function reference(name: string): Reference[] {
  return name.startsWith('AWS::') ? [] : [{ name }];
}
