// Answers browsers: preflight requests, and the headers that let a page read an answer.
import { ServiceError } from '../../base/errors.ts';
import { randomUuid } from '../../base/random.ts';
import type { Store } from '../../base/store.ts';
import type { CrossOriginHeaders, HttpRoute } from '../../kernel/service.ts';
import { hostId, restXml } from '../../wire/rest-xml.ts';
import { addressOf, bucketOfHost } from '../../wire/s3-address.ts';
import type { HttpRequest } from '../../wire/http.ts';
import { answerPreflight, checkPreflight, corsHeaders } from './cors.ts';
import type { CorsRule, Preflight } from './cors.ts';
import { buckets, getSetting } from './store.ts';

interface Target {
  readonly bucket: string;
  readonly isObject: boolean;
}

/** OPTIONS requests are nobody's operation; those with a bucket in their address are S3's. */
export const preflightRoute: HttpRoute = {
  name: 'S3 preflight',
  match: (request) => (request.method === 'OPTIONS' ? findTarget(request) : undefined),
  async handle(matched, request, context) {
    const requestId = randomUuid(context.random);
    try {
      const headers = await preflight(matched as Target, request, context.store);
      return {
        status: 200,
        headers: {
          ...headers,
          'content-length': '0',
          'x-amz-request-id': requestId,
          'x-amz-id-2': hostId(requestId),
        },
      };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return restXml.serializeError({ request }, error, requestId);
    }
  },
};

export const crossOrigin: CrossOriginHeaders = async (request, labels, store) => {
  const { rules } = await readRules(store, labels['Bucket'] ?? '');
  const { origin } = request.headers;
  return origin === undefined ? {} : corsHeaders(rules, { origin, method: request.method });
};

function findTarget(request: HttpRequest): Target | undefined {
  const hosted = bucketOfHost(request.headers['host'] ?? '') ?? undefined;
  const { bucket, path } = addressOf(request, hosted);
  return bucket === undefined ? undefined : { bucket: decode(bucket), isObject: path.length > 1 };
}

async function preflight(
  { bucket, isObject }: Target,
  { headers }: HttpRequest,
  store: Store,
): Promise<Record<string, string>> {
  const asked: Preflight = {
    origin: headers['origin'],
    requestMethod: headers['access-control-request-method'],
    requestHeaders: headers['access-control-request-headers'],
    resourceType: isObject ? 'OBJECT' : 'BUCKET',
  };
  const { exists, rules } = await readRules(store, bucket);
  checkPreflight(asked, { exists, hasRules: rules.length > 0 });
  return answerPreflight(rules, asked);
}

function readRules(
  store: Store,
  name: string,
): Promise<{ exists: boolean; rules: readonly CorsRule[] }> {
  return store.read(async (view) => {
    const bucket = await buckets.get(view, [name]);
    if (bucket?.hasCors !== true) return { exists: bucket !== undefined, rules: [] };
    return { exists: true, rules: (await getSetting(view, name, 'cors')) ?? [] };
  });
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
