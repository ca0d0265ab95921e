// What an export puts into the bucket: data files, manifests and their checksums. Source: AWS
// developer guide, "DynamoDB table export output format", and ScyllaDB's test of it against AWS.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { WorkContext } from '../../../kernel/context.ts';
import type { Item } from '../attribute-value.ts';
import { DATA_FILE_BYTES } from './limits.ts';
import { ionName, toIon, toJson } from './item-text.ts';
import type { ExportRecord } from './store.ts';

/** A line of an export: members in order, each an item. */
export interface ExportLine {
  readonly items: Readonly<Record<string, Item>>;
  /** When it was written last, for incremental exports. */
  readonly writtenMs?: number;
}

export function formatLine(
  { items, writtenMs }: ExportLine,
  format: ExportRecord['format'],
): string {
  const micros = writtenMs === undefined ? undefined : String(writtenMs * 1000);
  if (format === 'DYNAMODB_JSON') {
    const members = Object.entries(items).map(([name, item]) => [name, toJson(item)] as const);
    const metadata =
      micros === undefined ? {} : { Metadata: { WriteTimestampMicros: { N: micros } } };
    return JSON.stringify({ ...metadata, ...Object.fromEntries(members) });
  }
  const members = Object.entries(items).map(([name, item]) => `${ionName(name)}:${toIon(item)}`);
  const metadata = micros === undefined ? [] : [`Metadata:{WriteTimestampMicros:${micros}.}`];
  return `$ion_1_0 {${[...metadata, ...members].join(',')}}`;
}

/** A data file that is there. */
interface DataFile {
  readonly itemCount: number;
  readonly md5Checksum: string;
  readonly etag: string;
  readonly dataFileS3Key: string;
}

/** Writes lines into data files of a bounded size. */
export interface DataWriter {
  add(line: string): Promise<void>;
  finish(): Promise<readonly DataFile[]>;
}

/** Everything of an export lies below this. */
export function exportRoot({ prefix, id }: ExportRecord): string {
  return `${exportFolder(prefix)}${id}/`;
}

function exportFolder(prefix: string | undefined): string {
  const folder = prefix === undefined || prefix === '' ? '' : `${prefix.replace(/\/$/, '')}/`;
  return `${folder}AWSDynamoDB/`;
}

export async function putFile(
  context: WorkContext,
  record: ExportRecord,
  { key, body }: { readonly key: string; readonly body: Uint8Array | string },
): Promise<string> {
  const { bucket, bucketOwner, encryption, encryptionKeyId, principal } = record;
  const { ETag } = await context.call(
    's3',
    'PutObject',
    {
      Bucket: bucket,
      Key: key,
      Body: typeof body === 'string' ? Buffer.from(body) : body,
      ...(bucketOwner === undefined ? {} : { ExpectedBucketOwner: bucketOwner }),
      ...(encryption === 'KMS' ? { ServerSideEncryption: 'aws:kms' as const } : {}),
      ...(encryptionKeyId === undefined ? {} : { SSEKMSKeyId: encryptionKeyId }),
    },
    { as: principal },
  );
  return (ETag ?? '').replaceAll('"', '');
}

function md5(body: Uint8Array | string): string {
  return createHash('md5').update(body).digest('base64');
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** The same name for the same file: an export that runs again after a crash writes it again. */
function dataFileName({ id, format }: ExportRecord, index: number): string {
  const bytes = createHash('sha256').update(`${id}/${index}`).digest();
  const name = Array.from(bytes.subarray(0, 26), (byte) => BASE32[byte % 32]).join('');
  return `${name}.${format === 'ION' ? 'ion' : 'json'}.gz`;
}

/** AWS: data of incremental exports lie beside the folders of the exports, not within. */
function dataFolder(record: ExportRecord): string {
  return record.window === undefined
    ? `${exportRoot(record)}data/`
    : `${exportFolder(record.prefix)}data/`;
}

export function createDataWriter(context: WorkContext, record: ExportRecord): DataWriter {
  const files: DataFile[] = [];
  let lines: string[] = [];
  let bytes = 0;

  async function flush(): Promise<void> {
    const text = lines.map((line) => `${line}\n`).join('');
    const body = gzipSync(text);
    const key = `${dataFolder(record)}${dataFileName(record, files.length)}`;
    const etag = await putFile(context, record, { key, body });
    files.push({ itemCount: lines.length, md5Checksum: md5(body), etag, dataFileS3Key: key });
    lines = [];
    bytes = 0;
  }

  return {
    async add(line) {
      lines.push(line);
      bytes += line.length;
      if (bytes >= DATA_FILE_BYTES) await flush();
    },
    async finish() {
      // AWS: a partition without items has an empty file.
      if (lines.length > 0 || files.length === 0) await flush();
      return files;
    },
  };
}

/** Writes both manifests and their checksums, and gives the summary's key. */
export async function putManifests(
  context: WorkContext,
  record: ExportRecord,
  {
    files,
    billedBytes,
    endMs,
  }: {
    readonly files: readonly DataFile[];
    readonly billedBytes: number;
    readonly endMs: number;
  },
): Promise<string> {
  const root = exportRoot(record);
  const list = files.map((file) => `${JSON.stringify(file)}\n`).join('');
  const listKey = `${root}manifest-files.json`;
  const summaryKey = `${root}manifest-summary.json`;
  const itemCount = files.reduce((sum, file) => sum + file.itemCount, 0);
  const summary = JSON.stringify(
    summarise(record, { listKey, itemCount, billedBytes, endMs }),
  );
  await putFile(context, record, { key: listKey, body: list });
  await putFile(context, record, { key: `${root}manifest-files.md5`, body: md5(list) });
  await putFile(context, record, { key: summaryKey, body: summary });
  await putFile(context, record, { key: `${root}manifest-summary.md5`, body: md5(summary) });
  return summaryKey;
}

function summarise(
  record: ExportRecord,
  result: {
    readonly listKey: string;
    readonly itemCount: number;
    readonly billedBytes: number;
    readonly endMs: number;
  },
): object {
  const { window } = record;
  const time = (atMs: number): string => new Date(atMs).toISOString();
  return {
    version: window === undefined ? '2020-06-30' : '2023-08-01',
    exportArn: record.arn,
    startTime: time(record.startMs),
    endTime: time(result.endMs),
    tableArn: record.tableArn,
    tableId: record.tableId,
    ...(window === undefined
      ? { exportTime: time(record.exportMs) }
      : { exportFromTime: time(window.fromMs), exportToTime: time(window.toMs) }),
    s3Bucket: record.bucket,
    s3Prefix: record.prefix ?? null,
    s3SseAlgorithm: record.encryption,
    s3SseKmsKeyId: record.encryptionKeyId ?? null,
    manifestFilesS3Key: result.listKey,
    billedSizeBytes: result.billedBytes,
    itemCount: result.itemCount,
    outputFormat: record.format,
    ...(window === undefined
      ? {}
      : { outputView: `${window.view}${window.view === 'NEW_IMAGE' ? 'S' : ''}` }),
    exportType: window === undefined ? 'FULL_EXPORT' : 'INCREMENTAL_EXPORT',
  };
}
