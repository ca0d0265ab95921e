// Cross-origin answers of function URLs. <developer guide, "Cross-origin resource sharing (CORS)">
import type { HttpRequest } from '../../../wire/http.ts';
import type { UrlCors } from '../store.ts';

/** Headers for the answer to a request of another origin; none when the rules do not let it in. */
export function corsHeaders(cors: UrlCors, request: HttpRequest): Record<string, string> {
  const { origin } = request.headers;
  if (origin === undefined || !allowsOrigin(cors, origin)) return {};
  return {
    'access-control-allow-origin': cors.allowOrigins?.includes('*') === true ? '*' : origin,
    vary: 'Origin',
    ...(cors.allowCredentials === true ? { 'access-control-allow-credentials': 'true' } : {}),
    ...listHeader('access-control-expose-headers', cors.exposeHeaders),
    ...(isPreflight(request)
      ? {
          ...listHeader('access-control-allow-methods', cors.allowMethods),
          ...listHeader('access-control-allow-headers', cors.allowHeaders),
          ...(cors.maxAgeSec === undefined ? {} : { 'access-control-max-age': String(cors.maxAgeSec) }),
        }
      : {}),
  };
}

/** Answered by the URL itself; the function does not see it. */
export function isPreflight({ method, headers }: HttpRequest): boolean {
  return (
    method === 'OPTIONS' &&
    headers['origin'] !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

/** `http://*.example.com` stands for every host below. */
function allowsOrigin(cors: UrlCors, origin: string): boolean {
  return (cors.allowOrigins ?? []).some((allowed) => {
    if (allowed === '*') return true;
    const [before = '', after] = allowed.split('*');
    if (after === undefined) return allowed === origin;
    return origin.length >= allowed.length && origin.startsWith(before) && origin.endsWith(after);
  });
}

function listHeader(name: string, values: readonly string[] | undefined): Record<string, string> {
  return values === undefined || values.length === 0 ? {} : { [name]: values.join(',') };
}
