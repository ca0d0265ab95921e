// The addresses of function URLs: `ID.lambda-url.REGION.HOST` and a path form for clients without DNS.
import type { HttpRequest } from '../../../wire/http.ts';

export interface UrlAddress {
  readonly urlId: string;
  /** As sent, below the address, starting with `/`. */
  readonly path: string;
}

const HOST = /^([a-z0-9]{32})\.lambda-url\./;
const PREFIXED = /^\/_aws\/lambda-url\/([a-z0-9]{32})(\/.*)?$/;

/**
 * The address a function is told to have. Names below `localhost` lead to this machine in browsers,
 * curl and most clients; an address by name of host keeps its host.
 */
export function urlOf(urlId: string, region: string, endpoint: string): string {
  const { protocol, hostname, port } = new URL(endpoint);
  const isAddress = /^[\d.]+$|^\[/.test(hostname);
  const host = isAddress ? 'localhost' : hostname;
  return `${protocol}//${urlId}.lambda-url.${region}.${host}${port === '' ? '' : `:${port}`}/`;
}

export function findUrlAddress({ headers, path }: HttpRequest): UrlAddress | undefined {
  const urlId = HOST.exec(headers['host'] ?? '')?.[1];
  if (urlId !== undefined) return { urlId, path };
  if (!path.startsWith('/_aws/')) return undefined;
  const prefixed = PREFIXED.exec(path);
  return prefixed === null ? undefined : { urlId: prefixed[1] ?? '', path: prefixed[2] ?? '/' };
}
