// Headers of S3 requests that a presigned URL carries in its query.
import { parseForm } from './form-reader.ts';
import type { RoutedCall } from './protocol.ts';

// Parameters of the signature itself, and checksums: those in a query are of a body nobody had yet, and
// S3 ignores them. <github.com/localstack/localstack/issues/12169>, <github.com/aws/aws-sdk/issues/480>
const NOT_HEADERS =
  /^x-amz-(?:algorithm|credential|date|expires|signature|signedheaders|security-token|content-sha256|sdk-checksum-algorithm|checksum-.*)$/;

/** The call with `x-amz-*` query parameters as headers, when it is presigned; real headers win. */
export function withQueryHeaders(call: RoutedCall): RoutedCall {
  const { query, headers } = call.request;
  if (!query.includes('X-Amz-Signature=') && !query.includes('Signature=')) return call;
  const moved: Record<string, string> = {};
  for (const [name, value] of parseForm(query)) {
    const header = name.toLowerCase();
    if (header.startsWith('x-amz-') && !NOT_HEADERS.test(header)) moved[header] = value;
  }
  return { ...call, request: { ...call.request, headers: { ...moved, ...headers } } };
}
