// Patch operations: a list of small changes, each allowed for certain paths only.
import { badRequest } from './errors.ts';

export interface PatchOperation {
  readonly op: string;
  readonly path: string;
  readonly value: string;
}

export interface PatchRule<T> {
  /** `/name` or `/variables/*`, a star standing for one escaped name. */
  readonly path: string;
  readonly ops: readonly ('add' | 'remove' | 'replace')[];
  readonly apply: (target: T, operation: PatchOperation) => T;
}

interface GivenOperation {
  readonly op?: string | undefined;
  readonly path?: string | undefined;
  readonly value?: string | undefined;
}

/** Applies all or throws: a path without a rule is refused by name. */
export function applyPatch<T>(
  target: T,
  operations: readonly GivenOperation[] | undefined,
  rules: readonly PatchRule<T>[],
): T {
  let patched = target;
  for (const { op = '', path = '', value = '' } of operations ?? []) {
    const rule = rules.find((candidate) => matches(candidate.path, path));
    if (rule === undefined) {
      const allowed = rules.map((candidate) => candidate.path).join(', ');
      throw badRequest(`Invalid patch path '${path}' specified for op '${op}'. Must be one of: [${allowed}]`);
    }
    if (!rule.ops.some((allowed) => allowed === op)) {
      throw badRequest(`Invalid patch operation '${op}' for path '${path}'. Must be one of: [${rule.ops.join(', ')}]`);
    }
    patched = rule.apply(patched, { op, path, value });
  }
  return patched;
}

function matches(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  return wanted.length === given.length && wanted.every((part, at) => part === '*' || part === given[at]);
}

/** The last part of a JSON pointer, unescaped: `/binaryMediaTypes/image~1png` → `image/png`. */
export function pointerName(path: string): string {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return last.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** A map with one entry added, replaced or removed, as a patch whose path ends with its name says. */
export function changeEntry<T>(
  map: Readonly<Record<string, T>>,
  { op, path, value }: PatchOperation,
  read: (value: string) => T,
): Record<string, T> {
  const name = pointerName(path);
  const { [name]: _before, ...others } = map;
  return op === 'remove' ? others : { ...others, [name]: read(value) };
}

export function toBoolean(value: string): boolean {
  if (value === 'true') return true;
  if (value === 'false') return false;
  throw badRequest(`Invalid boolean value: ${value}`);
}
