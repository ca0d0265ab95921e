// Whole signed requests as bytes, made before the measurement begins.
import { createHash, createHmac } from 'node:crypto';

export interface RequestParts {
  readonly service: string;
  readonly method: string;
  /** Path and query, already encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

const REGION = 'us-east-1';
export const CREDENTIALS = { accessKeyId: '000000000000', secretAccessKey: 'test' };

const sha256 = (data: Uint8Array | string): string =>
  createHash('sha256').update(data).digest('hex');
const hmac = (key: Uint8Array | string, data: string): Buffer =>
  createHmac('sha256', key).update(data).digest();

/** SigV4 with a header, as the SDKs sign. */
export function signRequest(host: string, parts: RequestParts): Buffer {
  const body = Buffer.from(parts.body);
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const payload = sha256(body);
  const headers: Record<string, string> = {
    host,
    'x-amz-date': time,
    'x-amz-content-sha256': payload,
    ...parts.headers,
  };
  const names = Object.keys(headers).toSorted();
  const [path = '/', query = ''] = parts.path.split('?');
  const canonical = [
    parts.method,
    path,
    query,
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    payload,
  ].join('\n');
  const scope = `${time.slice(0, 8)}/${REGION}/${parts.service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const key = scope
    .split('/')
    .reduce<Uint8Array | string>(hmac, `AWS4${CREDENTIALS.secretAccessKey}`);
  const signature = hmac(key, toSign).toString('hex');
  headers['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${CREDENTIALS.accessKeyId}/${scope}, ` +
    `SignedHeaders=${names.join(';')}, Signature=${signature}`;
  headers['content-length'] = String(body.length);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([
    Buffer.from(`${parts.method} ${parts.path} HTTP/1.1\r\n${lines.join('')}\r\n`),
    body,
  ]);
}

/** An operation of a service that speaks AWS's JSON protocol. */
export function signJson(
  host: string,
  {
    service,
    target,
    version,
    input,
  }: { service: string; target: string; version: '1.0' | '1.1'; input: unknown },
): Buffer {
  return signRequest(host, {
    service,
    method: 'POST',
    path: '/',
    headers: { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target },
    body: JSON.stringify(input),
  });
}
