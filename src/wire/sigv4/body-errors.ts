// What S3 answers when a body is not what its head promised.
import { ServiceError } from '../../base/errors.ts';

/** @param promised and @param computed hex SHA-256 */
export function hashMismatch(promised: string, computed: string): ServiceError {
  const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
  return new ServiceError('XAmzContentSHA256Mismatch', message, {
    fields: { ClientComputedContentSHA256: promised, S3ComputedContentSHA256: computed },
  });
}

export function incompleteBody(promised: string, length: number): ServiceError {
  const message =
    'You did not provide the number of bytes specified by the Content-Length HTTP header';
  return new ServiceError('IncompleteBody', message, {
    fields: { NumberBytesExpected: promised, NumberBytesProvided: String(length) },
  });
}

/** AWS: framing that cannot be read, or that breaks off, counts as a body that is incomplete. */
export function badFraming(cause: Error): ServiceError {
  const message = 'The request body terminated unexpectedly';
  return new ServiceError('IncompleteBody', message, { cause });
}

export function badChunkSignature(): ServiceError {
  const message =
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.';
  return new ServiceError('SignatureDoesNotMatch', message, { status: 403 });
}

/** @param name e.g. `x-amz-checksum-crc32` */
export function badChecksum(name: string): ServiceError {
  const algorithm = name.slice('x-amz-checksum-'.length).toUpperCase();
  const message = `The ${algorithm} you specified did not match the calculated checksum.`;
  return new ServiceError('BadDigest', message);
}

/** AWS: one sentence for an announced trailing field that is missing, and for all that is wrong with one. */
export function missingTrailer(name: string): ServiceError {
  const message =
    'The request contained trailing data that was not well-formed or did not conform to our published schema.';
  return new ServiceError('MalformedTrailerError', message, { fields: { TrailerHeader: name } });
}
