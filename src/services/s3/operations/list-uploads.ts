// ListMultipartUploads and ListParts.
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { requireBucket } from '../bucket-access.ts';
import { checksumValue } from '../integrity.ts';
import { afterKey } from '../key-order.ts';
import { walkKeys } from '../listing.ts';
import { parts, scanUploads } from '../store.ts';
import type { Upload } from '../store.ts';
import { checkMax, nameEncoder, showPrefixes } from './list-objects.ts';
import { abortionMembers, requireUpload } from './multipart.ts';
import { showEtag, showOwner, showTime } from './shapes.ts';

export async function listMultipartUploads(
  input: InputOf<'s3', 'ListMultipartUploads'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'ListMultipartUploads'>> {
  const encode = nameEncoder(input.EncodingType);
  const max = checkMax(input.MaxUploads, 'max-uploads');
  const { Prefix: prefix = '', Delimiter: delimiter } = input;
  const { KeyMarker: keyMarker = '', UploadIdMarker: idMarker = '' } = input;
  // AWS: an upload id marker without a key marker is ignored. API reference, ListMultipartUploads.
  const behindId = keyMarker !== '' && idMarker !== '';
  return context.store.read(async (view) => {
    const bucket = await requireBucket(view, input);
    const walked = await walkKeys<{ key: string; uploadId: string; upload: Upload }>({
      prefix,
      delimiter,
      max,
      from: keyMarker === '' || behindId ? keyMarker : afterKey(keyMarker),
      scan: ({ from, to, limit }) =>
        scanWholeKeys(view, bucket.name, {
          from: behindId && from === keyMarker ? [from, afterKey(idMarker)] : [from],
          to,
          limit,
        }),
      keyOf: (entry) => entry.key,
    });
    const last = walked.items.at(-1);
    const owner = showOwner(bucket.account);
    return {
      Bucket: bucket.name,
      Prefix: encode(prefix),
      KeyMarker: encode(keyMarker),
      UploadIdMarker: idMarker,
      MaxUploads: max,
      IsTruncated: walked.isTruncated,
      ...(walked.items.length === 0
        ? {}
        : {
            Uploads: walked.items.map(({ key, uploadId, upload }) => ({
              Key: encode(key),
              UploadId: uploadId,
              Initiated: showTime(upload.initiatedMs),
              StorageClass: upload.description.storageClass as 'STANDARD',
              Owner: owner,
              Initiator: { ID: upload.initiator },
              ...checksumPlan(upload),
            })),
          }),
      ...showPrefixes(walked.commonPrefixes, encode),
      ...(delimiter === undefined ? {} : { Delimiter: encode(delimiter) }),
      ...(input.EncodingType === undefined ? {} : { EncodingType: input.EncodingType }),
      ...(walked.last === undefined
        ? {}
        : {
            NextKeyMarker: encode(walked.last.key),
            NextUploadIdMarker: walked.last.isPrefix ? '' : (last?.uploadId ?? ''),
          }),
    };
  });
}

/** All uploads of the last key, so that the walk may go on behind it. */
async function scanWholeKeys(
  view: ReadTx,
  bucket: string,
  window: Parameters<typeof scanUploads>[2],
): ReturnType<typeof scanUploads> {
  const rows = await scanUploads(view, bucket, window);
  for (let last = rows.at(-1); last !== undefined && rows.length >= window.limit; ) {
    const more = await scanUploads(view, bucket, {
      from: [last.key, afterKey(last.uploadId)],
      to: afterKey(last.key),
      limit: window.limit,
    });
    rows.push(...more);
    last = more.length < window.limit ? undefined : more.at(-1);
  }
  return rows;
}

export async function listParts(
  input: InputOf<'s3', 'ListParts'>,
  context: RequestContext,
): Promise<OutputOf<'s3', 'ListParts'>> {
  const max = checkMax(input.MaxParts, 'max-parts');
  const marker = Number(input.PartNumberMarker ?? 0);
  return context.store.read(async (view) => {
    const { bucket, key, uploadId, upload } = await requireUpload(view, input);
    const rows = await parts.list(view, [bucket.name, uploadId], {
      limit: max + 1,
      after: [bucket.name, uploadId, marker],
    });
    const page = rows.slice(0, max);
    const lastNumber = page.length === 0 ? 0 : Number(page.at(-1)?.key[2]);
    return {
      Bucket: bucket.name,
      Key: key,
      UploadId: uploadId,
      PartNumberMarker: String(marker),
      NextPartNumberMarker: String(lastNumber),
      MaxParts: max,
      IsTruncated: rows.length > max,
      StorageClass: upload.description.storageClass as 'STANDARD',
      Owner: showOwner(bucket.account),
      Initiator: { ID: upload.initiator },
      ...checksumPlan(upload),
      ...(page.length === 0
        ? {}
        : {
            Parts: page.map((row) => ({
              PartNumber: Number(row.key[2]),
              LastModified: showTime(row.value.lastModifiedMs),
              ETag: showEtag(row.value.etag),
              Size: row.value.piece.sizeBytes,
              ...(upload.checksumAlgorithm === undefined ? {} : checksumValue(row.value.checksum)),
            })),
          }),
      ...(await abortionMembers(view, { bucket, key, initiatedMs: upload.initiatedMs })),
    };
  });
}

function checksumPlan({ checksumAlgorithm, checksumType }: Upload) {
  if (checksumAlgorithm === undefined || checksumType === undefined) return {};
  return { ChecksumAlgorithm: checksumAlgorithm, ChecksumType: checksumType };
}
