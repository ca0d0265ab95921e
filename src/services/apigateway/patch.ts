// Patch operations: a list of small changes, each allowed for certain paths only.
import { badRequest } from './errors.ts';

export interface PatchOperation {
  readonly op: string;
  readonly path: string;
  readonly value: string;
}

export interface PatchRule<T> {
  /** `/name` or `/variables/*`, the star standing for one escaped name. */
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
  if (!pattern.endsWith('/*')) return pattern === path;
  const prefix = pattern.slice(0, -1);
  return path.startsWith(prefix) && path.length > prefix.length && !path.slice(prefix.length).includes('/');
}

/** The last part of a JSON pointer, unescaped: `/binaryMediaTypes/image~1png` → `image/png`. */
export function pointerName(path: string): string {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return last.replaceAll('~1', '/').replaceAll('~0', '~');
}

export function toBoolean(value: string): boolean {
  if (value === 'true') return true;
  if (value === 'false') return false;
  throw badRequest(`Invalid boolean value: ${value}`);
}
