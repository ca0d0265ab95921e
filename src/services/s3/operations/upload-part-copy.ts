// UploadPartCopy: a part made of the bytes, or a range of the bytes, of an object.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { takeIn } from '../body-intake.ts';
import { invalidArgument, invalidRequest } from '../errors.ts';
import { checksumValue } from '../integrity.ts';
import { PART_MAX_BYTES } from '../limits.ts';
import { parseCopyRange } from '../ranges.ts';
import type { ByteRange } from '../ranges.ts';
import { checkEncryption, checkPartNumber } from '../rules.ts';
import { locateSource, parseCopySource } from './copy-object.ts';
import { versionMember } from './describe.ts';
import { partOf, putPart, requireUpload } from './multipart.ts';
import { keepOrDiscard } from './put-object.ts';
import { openBody } from './read-object.ts';
import { showEtag, showTime } from './shapes.ts';

export async function uploadPartCopy(
  input: InputOf<'s3', 'UploadPartCopy'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'UploadPartCopy'>> {
  const partNumber = checkPartNumber(input.PartNumber);
  checkEncryption(input);
  checkEncryption({ SSECustomerAlgorithm: input.CopySourceSSECustomerAlgorithm });
  const source = parseCopySource(input.CopySource);
  const { upload, located, range, body } = await context.store.read(async (view) => {
    const found = await requireUpload(view, input);
    const from = await locateSource(view, source, { conditions: input, nowMs: context.nowMs });
    const bytes = copyRange(input.CopySourceRange, from.object.sizeBytes);
    const opened = await openBody(view, { context, located: from, range: bytes });
    return { upload: found.upload, located: from, range: bytes, body: opened };
  });
  const algorithm = upload.checksumAlgorithm ?? 'CRC64NVME';
  const intake = await takeIn(body, {
    blobs: context.blobs,
    algorithm,
    maxBytes: PART_MAX_BYTES,
    expectedBytes: range === undefined ? located.object.sizeBytes : range.end - range.start + 1,
    alwaysBlob: true,
  });
  return keepOrDiscard(context, intake, async () => {
    const part = partOf(intake, algorithm, context);
    await putPart(context, input, { partNumber, part });
    return {
      CopyPartResult: {
        ETag: showEtag(part.etag),
        LastModified: showTime(part.lastModifiedMs),
        ...(upload.checksumAlgorithm === undefined ? {} : checksumValue(part.checksum)),
      },
      ServerSideEncryption: 'AES256',
      ...(located.bucket.versioning === undefined
        ? {}
        : { CopySourceVersionId: versionMember(located.bucket, located.object).VersionId }),
    };
  });
}

// localstack/localstack, test_s3_api.snapshot.json, test_upload_part_copy_range.
function copyRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  if (header === undefined) return undefined;
  const range = parseCopyRange(header);
  if (range === undefined) {
    throw invalidArgument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      'x-amz-copy-source-range',
      header,
    );
  }
  if (range.start >= sizeBytes) {
    throw invalidRequest('The specified copy range is invalid for the source object size');
  }
  if (range.end >= sizeBytes) {
    throw invalidArgument(
      `Range specified is not valid for source object of size: ${sizeBytes}`,
      'x-amz-copy-source-range',
      header,
    );
  }
  return range;
}
