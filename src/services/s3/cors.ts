// Cross-origin rules of a bucket: which rule a request falls under, and the headers it earns.
import { badRequest, corsForbidden } from './errors.ts';

export interface CorsRule {
  readonly id?: string;
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders?: readonly string[];
  readonly exposeHeaders?: readonly string[];
  readonly maxAgeSec?: number;
}

const NOT_ALLOWED =
  // AWS: spelled so. localstack/localstack, test_s3_cors.snapshot.json
  "This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";
const VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method';

export interface Preflight {
  readonly origin: string | undefined;
  readonly requestMethod: string | undefined;
  readonly requestHeaders: string | undefined;
  readonly resourceType: 'BUCKET' | 'OBJECT';
}

/** Refusals that do not need the rules: no origin, no such bucket, no rules at all. */
export function checkPreflight(
  preflight: Preflight,
  bucket: { readonly exists: boolean; readonly hasRules: boolean },
): void {
  if (preflight.origin === undefined || preflight.origin === '') {
    throw badRequest('Insufficient information. Origin request header needed.');
  }
  // AWS: names the method OPTIONS and the resource BUCKET when the request names no method.
  const method = preflight.requestMethod ?? 'OPTIONS';
  if (!bucket.exists) throw corsForbidden('Bucket not found', method, 'BUCKET');
  if (!bucket.hasRules) {
    throw corsForbidden('CORS is not enabled for this bucket.', method, 'BUCKET');
  }
}

/** The answer to a preflight: headers of the 200, or the 403 AccessForbidden thrown. */
export function answerPreflight(
  rules: readonly CorsRule[],
  preflight: Preflight,
): Record<string, string> {
  const { origin = '', requestMethod, requestHeaders } = preflight;
  if (requestMethod === undefined || !METHODS.has(requestMethod)) {
    throw badRequest(`Invalid Access-Control-Request-Method: ${requestMethod ?? 'null'}`);
  }
  const wanted = splitHeaderNames(requestHeaders);
  const rule = findRule(rules, { origin, method: requestMethod, headers: wanted });
  if (rule === undefined) {
    throw corsForbidden(NOT_ALLOWED, requestMethod, preflight.resourceType);
  }
  return {
    ...allowHeaders(rule, origin),
    ...(wanted.length === 0 ? {} : { 'Access-Control-Allow-Headers': wanted.join(', ') }),
  };
}

/** Headers of an actual response; none when no rule matches: the browser then refuses by itself. */
export function corsHeaders(
  rules: readonly CorsRule[],
  request: { readonly origin: string; readonly method: string },
): Record<string, string> {
  const rule = findRule(rules, { ...request, headers: [] });
  return rule === undefined ? {} : allowHeaders(rule, request.origin);
}

const METHODS = new Set(['GET', 'PUT', 'HEAD', 'POST', 'DELETE']);

function findRule(
  rules: readonly CorsRule[],
  request: { readonly origin: string; readonly method: string; readonly headers: readonly string[] },
): CorsRule | undefined {
  return rules.find(
    (rule) =>
      rule.allowedMethods.includes(request.method) &&
      rule.allowedOrigins.some((pattern) => matchesWildcard(pattern, request.origin)) &&
      request.headers.every((name) =>
        rule.allowedHeaders?.some((pattern) =>
          matchesWildcard(pattern.toLowerCase(), name.toLowerCase()),
        ),
      ),
  );
}

function allowHeaders(rule: CorsRule, origin: string): Record<string, string> {
  const any = rule.allowedOrigins.includes('*');
  return {
    'Access-Control-Allow-Origin': any ? '*' : origin,
    'Access-Control-Allow-Methods': rule.allowedMethods.join(', '),
    ...(rule.exposeHeaders === undefined || rule.exposeHeaders.length === 0
      ? {}
      : { 'Access-Control-Expose-Headers': rule.exposeHeaders.join(', ') }),
    ...(rule.maxAgeSec === undefined ? {} : { 'Access-Control-Max-Age': String(rule.maxAgeSec) }),
    ...(any ? {} : { 'Access-Control-Allow-Credentials': 'true' }),
    Vary: VARY,
  };
}

/** Patterns have at most one `*`, which stands for any text. */
function matchesWildcard(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star === -1) return pattern === text;
  const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return (
    text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail)
  );
}

function splitHeaderNames(header: string | undefined): string[] {
  return (header ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
}
