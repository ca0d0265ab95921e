// Takes in a function's archive: from the request or from S3, checked, stored as a blob.
import { createHash } from 'node:crypto';
import { collectBytes } from '../../base/collect-bytes.ts';
import { ServiceError } from '../../base/errors.ts';
import { FunctionUnavailable } from '../../base/function-runner.ts';
import type { Tx } from '../../base/store.ts';
import { releaseBlob, retainBlob } from '../../kernel/bodies.ts';
import type { RequestContext, WorkContext } from '../../kernel/context.ts';
import { codeUnreadable, invalidParameter, invalidZip, uploadTooLarge } from './errors.ts';
import { ZIP_UPLOAD_BYTES_MAX } from './limits.ts';
import { checkUnpackedSize } from './rules.ts';
import type { FunctionVersion, StoredCode } from './store.ts';

export interface CodeSource {
  readonly ZipFile?: Uint8Array | undefined;
  readonly S3Bucket?: string | undefined;
  readonly S3Key?: string | undefined;
  readonly S3ObjectVersion?: string | undefined;
  readonly ImageUri?: string | undefined;
  readonly SourceKMSKeyArn?: string | undefined;
}

/** Reads, checks and stores the archive. The row that refers to it must retain the blob. */
export async function takeInCode(source: CodeSource, context: RequestContext): Promise<StoredCode> {
  const zip = await readSource(source, context);
  const unpackedBytes = await checkArchive(zip, context);
  const { id, sizeBytes } = await context.blobs.put(zip);
  const sha256 = createHash('sha256').update(zip).digest('base64');
  return { blobId: id, sha256, sizeBytes, unpackedBytes };
}

async function readSource(source: CodeSource, context: RequestContext): Promise<Uint8Array> {
  if (source.SourceKMSKeyArn !== undefined && source.SourceKMSKeyArn !== '') {
    throw invalidParameter('SourceKMSKeyArn is not supported by Cloudlet yet; remove it from the request.');
  }
  if (source.ZipFile !== undefined) {
    if (source.S3Bucket !== undefined || source.S3Key !== undefined) {
      throw invalidParameter('Please do not provide other FunctionCode parameters when providing a ZipFile.');
    }
    if (source.ZipFile.length === 0) throw invalidParameter('Uploaded file must be a non-empty zip');
    if (source.ZipFile.length > ZIP_UPLOAD_BYTES_MAX) throw uploadTooLarge(context.operation);
    return source.ZipFile;
  }
  if (source.S3Bucket === undefined || source.S3Key === undefined) {
    throw invalidParameter('Please provide a source for function code.');
  }
  return readFromS3(source.S3Bucket, source.S3Key, { version: source.S3ObjectVersion, context });
}

async function readFromS3(
  Bucket: string,
  Key: string,
  { version, context }: { version: string | undefined; context: RequestContext },
): Promise<Uint8Array> {
  try {
    const input = { Bucket, Key, ...(version === undefined ? {} : { VersionId: version }) };
    const { Body } = await context.call('s3', 'GetObject', input);
    return await collect(Body);
  } catch (error) {
    if (error instanceof ServiceError) throw codeUnreadable(error.code, error.message);
    throw error;
  }
}

/** In-process bodies are bytes or a stream of them, whatever the SDK's type says. */
async function collect(body: unknown): Promise<Uint8Array> {
  if (body === undefined) return new Uint8Array(0);
  if (body instanceof Uint8Array) return body;
  return collectBytes(body as AsyncIterable<Uint8Array>);
}

/** Gives the unpacked size. */
async function checkArchive(zip: Uint8Array, context: RequestContext): Promise<number> {
  try {
    const { unpackedBytes } = await context.ports.functions.inspectArchive(zip);
    checkUnpackedSize(unpackedBytes);
    return unpackedBytes;
  } catch (error) {
    if (error instanceof FunctionUnavailable) throw invalidZip();
    throw error;
  }
}

/** Keeps the archives of a version that is being written: its own and those of its layers. */
export async function retainArchives(tx: Tx, version: FunctionVersion): Promise<void> {
  if (version.image === undefined) await retainBlob(tx, version.code.blobId);
  for (const { code } of version.layers) await retainBlob(tx, code.blobId);
}

/** Lets go of the archives of a version that is being dropped or replaced. */
export async function releaseArchives(tx: Tx, version: FunctionVersion, context: WorkContext): Promise<void> {
  if (version.image === undefined) await releaseCode(tx, version.code, context);
  for (const { code } of version.layers) await releaseCode(tx, code, context);
}

/** Lets go of one archive, in the transaction that dropped the row which referred to it. */
export async function releaseCode(tx: Tx, code: StoredCode, context: WorkContext): Promise<void> {
  await releaseBlob(tx, code.blobId, { ...context, worker: 'lambda/delete-code' });
}
