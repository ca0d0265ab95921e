// Headers on their way through the gateway: which names and values a function sees, which a client.
import type { HttpRequest, HttpResponse } from '../../wire/http.ts';

/** About this hop alone; neither side of the gateway sees the other's. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  // AWS: the event has none, as recorded for requests with a body.
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Every value by name, spelt as the client did, with what the gateway adds. */
export function forwardedHeaders(request: HttpRequest, traceId: string): Record<string, string[]> {
  const values: Record<string, string[]> = {};
  const spelling = new Map<string, string>();
  const { rawHeaders = Object.entries(request.headers).flat() } = request;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower)) continue;
    const known = spelling.get(lower) ?? WELL_KNOWN.get(lower) ?? name;
    spelling.set(lower, known);
    (values[known] ??= []).push(rawHeaders[at + 1] ?? '');
  }
  const port = /:(\d+)$/.exec(request.headers['host'] ?? '')?.[1] ?? '80';
  return {
    ...values,
    'X-Amzn-Trace-Id': [traceId],
    'X-Forwarded-For': [request.sourceIp],
    'X-Forwarded-Port': [port],
    'X-Forwarded-Proto': ['http'],
  };
}

/** AWS: names that the gateway itself knows get this spelling, all others keep the client's. */
const WELL_KNOWN: ReadonlyMap<string, string> = new Map(
  ['Accept', 'Accept-Encoding', 'Authorization', 'Content-Type', 'Host', 'User-Agent'].map((name) => [
    name.toLowerCase(),
    name,
  ]),
);

/** AWS: these names of an integration's response come out with a prefix. <developer guide, "Important notes"> */
const REMAPPED: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'content-length',
  'content-md5',
  'date',
  'expect',
  'host',
  'max-forwards',
  'proxy-authenticate',
  'server',
  'te',
  'trailer',
  'upgrade',
  'user-agent',
  'via',
  'www-authenticate',
]);

/** Response headers by lower-case name, from the two maps of a function's answer. */
export function responseHeaders(single: unknown, multiple: unknown): HttpResponse['headers'] | undefined {
  const headers: Record<string, string | string[]> = {};
  for (const source of [single, multiple]) {
    if (source === undefined || source === null) continue;
    if (typeof source !== 'object' || Array.isArray(source)) return undefined;
    for (const [name, value] of Object.entries(source)) {
      const lower = name.toLowerCase();
      if (value === null || value === undefined || lower === 'transfer-encoding') continue;
      const key = REMAPPED.has(lower) ? `x-amzn-remapped-${lower}` : lower;
      // AWS: a name in both maps keeps the values of both.
      const added = Array.isArray(value) ? value.map(String) : [String(value)];
      const before = headers[key];
      const values = [...new Set([...(before === undefined ? [] : [before].flat()), ...added])];
      headers[key] = values.length === 1 ? (values[0] ?? '') : values;
    }
  }
  return headers;
}
