// Finds the operation of a REST request by method, path, query and headers.
import type { FormFields } from './form-reader.ts';
import { bindingsOf } from './http-bindings.ts';
import { httpTraitOf, schemaOf } from './schema.ts';
import type { Operation, ServiceModel } from './service-model.ts';

type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'label'; readonly name: string }
  | { readonly kind: 'greedy'; readonly name: string };

interface Route {
  readonly operation: Operation;
  readonly segments: readonly Segment[];
  /** Literal query parts of the URI; undefined values match any. */
  readonly literals: readonly (readonly [name: string, value: string | undefined])[];
  readonly requiredQuery: readonly string[];
  readonly requiredHeaders: readonly string[];
  readonly takesBucket: boolean;
  readonly score: number;
}

interface RestRequest {
  readonly method: string;
  /** Percent-encoded, starting with `/`, without an S3 bucket. */
  readonly path: string;
  readonly query: FormFields;
  readonly headers: Readonly<Record<string, string>>;
  /** S3 only: whether the address names a bucket. */
  readonly hasBucket?: boolean;
}

export interface RestMatch {
  readonly operation: Operation;
  readonly labels: Record<string, string>;
}

export type RestRoutes = (request: RestRequest) => RestMatch | undefined;

const INPUT = 4;
const tables = new WeakMap<ServiceModel, RestRoutes>();

/** Throws URIError for a label that is not valid percent-encoding. */
export function restRoutesOf(model: ServiceModel): RestRoutes {
  let find = tables.get(model);
  if (find === undefined) tables.set(model, (find = createRestRoutes(model)));
  return find;
}

function createRestRoutes(model: ServiceModel): RestRoutes {
  const byMethod = new Map<string, Route[]>();
  for (const operation of model.operations.values()) {
    const http = httpTraitOf(operation);
    if (http === undefined) continue;
    const routes = byMethod.get(http[0]) ?? [];
    routes.push(compileRoute(operation, http[1]));
    byMethod.set(http[0], routes);
  }
  // The most specific first, so that the first match is the answer.
  for (const routes of byMethod.values()) routes.sort((a, b) => b.score - a.score);
  return (request) => {
    const parts = splitPath(request.path);
    const query = new Map(request.query);
    let best: Found | undefined;
    let lacking: RestMatch | undefined;
    for (const route of byMethod.get(request.method) ?? []) {
      if (best !== undefined && route.score < best.score) break;
      if (route.takesBucket !== (request.hasBucket ?? false)) continue;
      const labels = matchPath(route.segments, parts);
      if (labels === undefined || !hasLiterals(route, query)) continue;
      const { operation, score } = route;
      // Right but for a required parameter: validation says which, unless another route fits whole.
      if (!hasRequired(route, query, request.headers)) lacking ??= { operation, labels };
      // Two operations of S3 differ by host alone; the SDK's marker tells them apart.
      else if (best === undefined || query.get('x-id') === operation.name)
        best = { operation, labels, score };
    }
    return best ?? lacking;
  };
}

interface Found extends RestMatch {
  readonly score: number;
}

function compileRoute(operation: Operation, uri: string): Route {
  const [path = '/', search = ''] = uri.split('?');
  const segments = splitPath(path).map(compileSegment);
  const literals = [...new URLSearchParams(search)]
    // The SDK's own marker; other clients do not send it. It only breaks ties.
    .filter(([name]) => name !== 'x-id')
    .map(([name, value]) => [name, value === '' ? undefined : value] as const);
  const bindings = bindingsOf(schemaOf(operation.schema[INPUT]));
  const requiredQuery = [...bindings.query]
    .filter(([, { required }]) => required)
    .map(([name]) => name);
  const requiredHeaders = [...bindings.headers]
    .filter(([, { required }]) => required)
    .map(([name]) => name);
  const literalSegments = segments.filter(({ kind }) => kind === 'literal').length;
  const greedy = segments.some(({ kind }) => kind === 'greedy') ? 1 : 0;
  const inPath = new Set(
    segments.map((segment) => (segment.kind === 'literal' ? '' : segment.name)),
  );
  return {
    operation,
    segments,
    literals,
    requiredQuery,
    requiredHeaders,
    // S3's URIs leave the bucket out although it is a label.
    takesBucket: bindings.labels.some(({ name }) => name === 'Bucket' && !inPath.has(name)),
    score:
      literals.length * 100 +
      (requiredQuery.length + requiredHeaders.length) * 10 +
      literalSegments -
      greedy,
  };
}

function compileSegment(text: string): Segment {
  if (!text.startsWith('{')) return { kind: 'literal', text };
  const name = text.slice(1, -1);
  return name.endsWith('+') ? { kind: 'greedy', name: name.slice(0, -1) } : { kind: 'label', name };
}

// `/a/b/` and `/a/b` are one address everywhere but in S3 keys, which a greedy label takes raw.
function splitPath(path: string): readonly string[] {
  return path === '/' || path === '' ? [] : path.slice(1).split('/');
}

function matchPath(
  segments: readonly Segment[],
  parts: readonly string[],
): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  const greedyAt = segments.findIndex(({ kind }) => kind === 'greedy');
  const plain = greedyAt === -1;
  const given = plain ? withoutTrailing(parts) : parts;
  const wanted =
    plain && segments.at(-1)?.kind === 'literal' ? withoutEmptyEnd(segments) : segments;
  if (plain ? wanted.length !== given.length : wanted.length > given.length) return undefined;
  const span = given.length - wanted.length + 1;
  for (const [index, segment] of wanted.entries()) {
    const at = plain || index <= greedyAt ? index : index + span - 1;
    if (segment.kind === 'greedy') {
      const text = given.slice(at, at + span).join('/');
      if (text === '') return undefined;
      labels[segment.name] = decodeURIComponent(text);
    } else if (!matchSegment(segment, given[at] ?? '', labels)) return undefined;
  }
  return labels;
}

function matchSegment(
  segment: Exclude<Segment, { kind: 'greedy' }>,
  part: string,
  labels: Record<string, string>,
): boolean {
  if (segment.kind === 'literal') return segment.text === part || segment.text === safeDecode(part);
  if (part === '') return false;
  labels[segment.name] = decodeURIComponent(part);
  return true;
}

function withoutTrailing(parts: readonly string[]): readonly string[] {
  return parts.at(-1) === '' ? parts.slice(0, -1) : parts;
}

function withoutEmptyEnd(segments: readonly Segment[]): readonly Segment[] {
  const last = segments.at(-1);
  return last?.kind === 'literal' && last.text === '' ? segments.slice(0, -1) : segments;
}

function hasLiterals({ literals }: Route, query: ReadonlyMap<string, string>): boolean {
  return literals.every(
    ([name, value]) => query.has(name) && (value === undefined || query.get(name) === value),
  );
}

function hasRequired(
  { requiredQuery, requiredHeaders }: Route,
  query: ReadonlyMap<string, string>,
  headers: Readonly<Record<string, string>>,
): boolean {
  return (
    requiredQuery.every((name) => query.has(name)) &&
    requiredHeaders.every((name) => headers[name] !== undefined)
  );
}

function safeDecode(part: string): string {
  return part.includes('%') ? decodeURIComponent(part) : part;
}

/** Names of the literal query parts of an operation's URI. */
export function literalQueryNames(operation: Operation): readonly string[] {
  const search = httpTraitOf(operation)?.[1].split('?')[1];
  return search === undefined ? [] : [...new URLSearchParams(search).keys()];
}
