// The tree of an API's resources: full paths, and which resource a request path means.
import type { ResourceRecord } from './store.ts';

/** `/users/{id}` of a resource. */
export function pathOf(resources: readonly ResourceRecord[], resource: ResourceRecord): string {
  const parts: string[] = [];
  let at: ResourceRecord | undefined = resource;
  while (at?.pathPart !== undefined) {
    parts.unshift(at.pathPart);
    const { parentId }: ResourceRecord = at;
    at = resources.find((candidate) => candidate.id === parentId);
  }
  return `/${parts.join('/')}`;
}

export interface ResourceMatch {
  readonly resource: ResourceRecord;
  /** `/users/{id}` */
  readonly resourcePath: string;
  /** Values of `{name}` and `{name+}`. AWS: as sent, percent-encoded. <localstack test_lambda_aws_proxy_integration> */
  readonly pathParameters: Readonly<Record<string, string>>;
}

/**
 * The most specific resource for a path: a literal part before `{name}`, that before `{name+}`.
 * <developer guide, "API Gateway resources": a greedy variable takes what nothing else takes>
 */
export function matchResource(
  resources: readonly ResourceRecord[],
  path: string,
): ResourceMatch | undefined {
  const root = resources.find((resource) => resource.parentId === undefined);
  if (root === undefined) return undefined;
  const parts = path.split('/').filter((part) => part !== '');
  const found = descend(resources, root, { parts, at: 0, parameters: {} });
  if (found === undefined) return undefined;
  return {
    resource: found.resource,
    resourcePath: pathOf(resources, found.resource),
    pathParameters: found.parameters,
  };
}

interface Descent {
  readonly parts: readonly string[];
  readonly at: number;
  readonly parameters: Readonly<Record<string, string>>;
}

function descend(
  resources: readonly ResourceRecord[],
  resource: ResourceRecord,
  descent: Descent,
): { resource: ResourceRecord; parameters: Readonly<Record<string, string>> } | undefined {
  const { parts, at, parameters } = descent;
  if (at === parts.length) {
    return Object.keys(resource.methods).length === 0 ? undefined : { resource, parameters };
  }
  const part = parts[at] ?? '';
  const children = resources
    .filter((child) => child.parentId === resource.id)
    .toSorted((a, b) => rank(a.pathPart ?? '') - rank(b.pathPart ?? ''));
  for (const child of children) {
    const name = child.pathPart ?? '';
    const greedy = /^\{(.+)\+\}$/.exec(name)?.[1];
    if (greedy !== undefined) {
      if (Object.keys(child.methods).length === 0) continue;
      const rest = parts.slice(at).join('/');
      return { resource: child, parameters: { ...parameters, [greedy]: rest } };
    }
    const variable = /^\{(.+)\}$/.exec(name)?.[1];
    if (variable === undefined && name !== decode(part)) continue;
    const bound = variable === undefined ? parameters : { ...parameters, [variable]: part };
    const found = descend(resources, child, { parts, at: at + 1, parameters: bound });
    if (found !== undefined) return found;
  }
  return undefined;
}

function rank(pathPart: string): number {
  if (pathPart.endsWith('+}')) return 2;
  return pathPart.startsWith('{') ? 1 : 0;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A stray percent sign stands for itself.
    return part;
  }
}
