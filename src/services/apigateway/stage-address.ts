// The addresses of stages: host form `ID.execute-api.HOST` and path forms for clients without DNS.
import type { HttpRequest } from '../../wire/http.ts';

export interface StageAddress {
  readonly apiId: string;
  readonly stageName: string;
  /** Below the stage, starting with `/`. */
  readonly path: string;
}

const HOST = /^([a-z0-9]{10})\.execute-api\./;
/** `/restapis/ID/STAGE/_user_request_/PATH`, as other local clouds spell it. */
const USER_REQUEST = /^\/restapis\/([a-z0-9]{10})\/([^/]+)\/_user_request_(\/.*)?$/;
const PREFIXED = /^\/_aws\/execute-api\/([a-z0-9]{10})\/([^/]+)(\/.*)?$/;
const BELOW_HOST = /^\/([^/]+)(\/.*)?$/;

export function findStageAddress(request: HttpRequest): StageAddress | undefined {
  const hostId = HOST.exec(request.headers['host'] ?? '')?.[1];
  if (hostId !== undefined) {
    const [, stageName = '', path = '/'] = BELOW_HOST.exec(request.path) ?? [];
    return { apiId: hostId, stageName, path };
  }
  if (!request.path.startsWith('/restapis/') && !request.path.startsWith('/_aws/')) return undefined;
  const match = USER_REQUEST.exec(request.path) ?? PREFIXED.exec(request.path);
  if (match === null) return undefined;
  const [, apiId = '', stageName = '', path = '/'] = match;
  return { apiId, stageName, path };
}
