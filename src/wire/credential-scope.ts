// The service a request was signed for, read cheaply: verifying the signature comes later.
import type { HttpRequest } from './http.ts';

const HEADER_SCOPE = /Credential=([^,\s]+)/;
const QUERY_SCOPE = /(?:^|&)X-Amz-Credential=([^&]+)/i;

/** The signing name of the credential scope, e.g. `sqs`; undefined for unsigned requests. */
export function signingNameOf({ headers, query }: HttpRequest): string | undefined {
  const authorization = headers['authorization'];
  // Signature version 2 is S3's alone by now: `AWS AKID:signature`.
  if (authorization?.startsWith('AWS ') === true || /(?:^|&)AWSAccessKeyId=/.test(query))
    return 's3';
  const header = authorization === undefined ? null : HEADER_SCOPE.exec(authorization);
  if (header?.[1] !== undefined) return serviceOf(header[1]);
  const parameter = query === '' ? null : QUERY_SCOPE.exec(query);
  return parameter?.[1] === undefined ? undefined : serviceOf(parameter[1].replace(/%2F/gi, '/'));
}

// `AKID/20260102/us-east-1/sqs/aws4_request`; multi-region signatures leave the region out.
function serviceOf(scope: string): string | undefined {
  const parts = scope.split('/');
  return parts.length >= 4 ? parts[parts.length - 2] : undefined;
}
