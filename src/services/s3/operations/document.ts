// Integrity of XML and JSON documents: Content-MD5 and checksum headers of requests that carry no object.
import { createHash } from 'node:crypto';
import type { RequestContext } from '../../../kernel/context.ts';
import { CHECKSUM_ALGORITHMS, checksumOf } from '../checksums.ts';
import { badChecksum, invalidRequest } from '../errors.ts';
import { parseContentMd5, verifyContentMd5 } from '../integrity.ts';

/** Documents of S3 are small; the wire has read this one already. */
const DOCUMENT_MAX_BYTES = 100 * 1024 * 1024;

type Operation<Input, Output> = (input: Input, context: RequestContext) => Promise<Output>;

/** A handler that runs only when the document is what its headers say. */
export function withDocument<Input, Output>(
  handler: Operation<Input, Output>,
): Operation<Input, Output> {
  return async (input, context) => {
    await verifyDocument(context);
    return handler(input, context);
  };
}

/** AWS: DeleteObjects needs one or the other. S3 API reference, DeleteObjects. */
export async function requireIntegrity(context: RequestContext): Promise<void> {
  const { http } = context;
  if (http === undefined) return;
  const names = Object.keys(http.headers);
  const proven = names.some(
    (name) =>
      name === 'content-md5' ||
      (name.startsWith('x-amz-checksum-') && name !== 'x-amz-checksum-algorithm') ||
      name === 'x-amz-trailer',
  );
  if (!proven) throw invalidRequest('Missing required header for this request: Content-MD5');
  await verifyDocument(context);
}

async function verifyDocument({ http }: RequestContext): Promise<void> {
  if (http === undefined) return;
  const md5 = parseContentMd5(http.headers['content-md5']);
  const sent = CHECKSUM_ALGORITHMS.flatMap((algorithm) => {
    const value = http.headers[`x-amz-checksum-${algorithm.toLowerCase()}`];
    return value === undefined ? [] : [{ algorithm, value }];
  });
  if (md5 === undefined && sent.length === 0) return;
  const bytes = await http.body.bytes(DOCUMENT_MAX_BYTES);
  verifyContentMd5(md5, createHash('md5').update(bytes).digest());
  for (const { algorithm, value } of sent) {
    if (checksumOf(algorithm, bytes) !== value) throw badChecksum(algorithm);
  }
}
