// Exports to and imports from S3 through the SDK.
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { CloudWatchLogsClient, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DescribeExportCommand,
  DescribeImportCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ExportTableToPointInTimeCommand,
  ImportTableCommand,
  ListExportsCommand,
  ListImportsCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateContinuousBackupsCommand,
  type AttributeValue,
  type ExportDescription,
  type ExportTableToPointInTimeCommandInput,
  type ImportTableCommandInput,
  type ImportTableDescription,
} from '@aws-sdk/client-dynamodb';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCloud, type TestCloud } from '../../../testing/create-cloud.ts';

let cloud: TestCloud;
let db: DynamoDBClient;
let s3: S3Client;

const Bucket = 'transfers';
const ARN = 'arn:aws:dynamodb:us-east-1:000000000000:table/';

beforeAll(async () => {
  cloud = await createCloud({ startTime: new Date('2026-01-01T00:00:00Z') });
  db = cloud.client(DynamoDBClient);
  s3 = cloud.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => cloud.close());

async function makeTable(TableName: string): Promise<void> {
  await db.send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    }),
  );
  const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
  await db.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }));
}

async function put(TableName: string, pk: string, v: AttributeValue): Promise<void> {
  await db.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, v } }));
}

async function read(Key: string): Promise<Buffer> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

async function keys(Prefix: string): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  return Contents.map(({ Key }) => Key ?? '');
}

async function exportTable(
  input: Omit<ExportTableToPointInTimeCommandInput, 'S3Bucket'> & { S3Bucket?: string },
): Promise<ExportDescription | undefined> {
  const { ExportDescription: begun } = await db.send(
    new ExportTableToPointInTimeCommand({ S3Bucket: Bucket, ...input }),
  );
  expect(begun?.ExportStatus).toBe('IN_PROGRESS');
  await cloud.settle();
  const { ExportArn } = begun ?? {};
  return (await db.send(new DescribeExportCommand({ ExportArn }))).ExportDescription;
}

/** The lines of an export's data files, by its manifest. */
async function exported(description: ExportDescription | undefined): Promise<string[]> {
  const summary = JSON.parse(String(await read(description?.ExportManifest ?? ''))) as {
    manifestFilesS3Key: string;
  };
  const files = String(await read(summary.manifestFilesS3Key)).trim().split('\n');
  const lines: string[] = [];
  for (const file of files) {
    const { dataFileS3Key, md5Checksum, itemCount } = JSON.parse(file) as {
      dataFileS3Key: string;
      md5Checksum: string;
      itemCount: number;
    };
    const body = await read(dataFileS3Key);
    expect(createHash('md5').update(body).digest('base64')).toBe(md5Checksum);
    const text = String(gunzipSync(body));
    const own = text === '' ? [] : text.trim().split('\n');
    expect(own).toHaveLength(itemCount);
    lines.push(...own);
  }
  return lines;
}

describe('exports', () => {
  test('write the table as it is, in files as AWS lays them out', async () => {
    await makeTable('Full');
    await put('Full', 'a', { N: '1.50' });
    await put('Full', 'b', { B: Uint8Array.of(1, 2) });
    const description = await exportTable({ TableArn: `${ARN}Full`, S3Prefix: 'exports' });
    expect(description).toMatchObject({
      ExportStatus: 'COMPLETED',
      ItemCount: 2,
      ExportFormat: 'DYNAMODB_JSON',
      S3SseAlgorithm: 'AES256',
    });
    expect(description?.ExportType).toBeUndefined();
    const id = description?.ExportArn?.split('/export/')[1] ?? '';
    expect(id).toMatch(/^\d{14}-[0-9a-f]{8}$/);
    const root = `exports/AWSDynamoDB/${id}`;
    expect(description?.ExportManifest).toBe(`${root}/manifest-summary.json`);
    const names = await keys('exports/');
    expect(names.filter((name) => !name.includes('/data/'))).toEqual(
      ['_started', 'manifest-files.json', 'manifest-files.md5', 'manifest-summary.json', 'manifest-summary.md5'].map(
        (name) => `${root}/${name}`,
      ),
    );
    expect(names.filter((name) => name.includes('/data/'))).toEqual([
      expect.stringMatching(/\/data\/[a-z2-7]{26}\.json\.gz$/),
    ]);
    const summary = await read(`${root}/manifest-summary.json`);
    expect(String(await read(`${root}/manifest-summary.md5`))).toBe(
      createHash('md5').update(summary).digest('base64'),
    );
    expect(JSON.parse(String(summary))).toMatchObject({
      version: '2020-06-30',
      exportArn: description?.ExportArn,
      tableArn: `${ARN}Full`,
      s3Bucket: Bucket,
      s3Prefix: 'exports',
      itemCount: 2,
      outputFormat: 'DYNAMODB_JSON',
      exportType: 'FULL_EXPORT',
    });
    const lines = (await exported(description)).toSorted();
    expect(lines).toEqual([
      '{"Item":{"pk":{"S":"a"},"v":{"N":"1.5"}}}',
      '{"Item":{"pk":{"S":"b"},"v":{"B":"AQI="}}}',
    ]);
  });

  test('reach back, and write Ion', async () => {
    await makeTable('Past');
    await put('Past', 'a', { N: '600' });
    const ExportTime = cloud.clock.now();
    await cloud.clock.advance('1m');
    await put('Past', 'a', { N: '700' });
    const past = { TableArn: `${ARN}Past`, ExportTime, ExportFormat: 'ION' } as const;
    const description = await exportTable(past);
    expect(await exported(description)).toEqual(['$ion_1_0 {Item:{pk:"a",v:6d2}}']);
  });

  test('of a window tell what changed in it', async () => {
    await makeTable('Window');
    for (const pk of ['kept', 'changed', 'gone']) await put('Window', pk, { S: 'old' });
    await cloud.clock.advance('1m');
    const ExportFromTime = cloud.clock.now();
    await cloud.clock.advance('5m');
    const changedMs = cloud.clock.now().getTime();
    await put('Window', 'changed', { S: 'new' });
    await put('Window', 'added', { S: 'new' });
    await put('Window', 'fleeting', { S: 'new' });
    for (const pk of ['gone', 'fleeting']) {
      await db.send(new DeleteItemCommand({ TableName: 'Window', Key: { pk: { S: pk } } }));
    }
    await cloud.clock.advance('20m');
    const ExportToTime = cloud.clock.now();
    await put('Window', 'later', { S: 'new' });
    const description = await exportTable({
      TableArn: `${ARN}Window`,
      ExportType: 'INCREMENTAL_EXPORT',
      IncrementalExportSpecification: { ExportFromTime, ExportToTime },
    });
    expect(description?.IncrementalExportSpecification).toEqual({
      ExportFromTime,
      ExportToTime,
      ExportViewType: 'NEW_AND_OLD_IMAGES',
    });
    const lines = (await exported(description)).map((line) => JSON.parse(line) as object);
    const Metadata = { WriteTimestampMicros: { N: String(changedMs * 1000) } };
    const image = (pk: string, v: string): object => ({ pk: { S: pk }, v: { S: v } });
    const Keys = (pk: string): object => ({ pk: { S: pk } });
    expect(lines).toHaveLength(3);
    expect(lines).toContainEqual({
      Metadata,
      Keys: Keys('changed'),
      OldImage: image('changed', 'old'),
      NewImage: image('changed', 'new'),
    });
    expect(lines).toContainEqual({ Metadata, Keys: Keys('added'), NewImage: image('added', 'new') });
    expect(lines).toContainEqual({ Metadata, Keys: Keys('gone'), OldImage: image('gone', 'old') });
  });

  test('refuse what AWS refuses, in its words', async () => {
    await makeTable('Refused');
    const refused = (input: Partial<ExportTableToPointInTimeCommandInput>): Promise<unknown> =>
      db.send(
        new ExportTableToPointInTimeCommand({
          TableArn: `${ARN}Refused`,
          S3Bucket: Bucket,
          ...input,
        }),
      );
    await expect(refused({ TableArn: `${ARN}nowhere` })).rejects.toMatchObject({
      name: 'TableNotFoundException',
      message: `Table not found: ${ARN}nowhere`,
    });
    const future = new Date(cloud.clock.now().getTime() + 5000);
    await expect(refused({ ExportTime: future })).rejects.toMatchObject({
      name: 'InvalidExportTimeException',
      message: 'Export Time is invalid',
    });
    await expect(refused({ ExportType: 'INCREMENTAL_EXPORT' })).rejects.toMatchObject({
      name: 'ValidationException',
      message:
        'Invalid Request: Incremental Export Specification expected when export type is set as Incremental Export',
    });
    const ExportFromTime = cloud.clock.now();
    const window = { ExportType: 'INCREMENTAL_EXPORT', IncrementalExportSpecification: { ExportFromTime } } as const;
    await expect(refused(window)).rejects.toMatchObject({
      name: 'InvalidExportTimeException',
      message:
        'Difference between export period from time and export period to time is less than 15 minutes',
    });
    await db.send(
      new UpdateContinuousBackupsCommand({
        TableName: 'Refused',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
      }),
    );
    await expect(refused({})).rejects.toMatchObject({
      name: 'PointInTimeRecoveryUnavailableException',
      message: "Point in time recovery is not enabled for table 'Refused'",
    });
  });

  test('fail later for want of a bucket; tokens stand for their first request', async () => {
    await makeTable('Tokens');
    const failed = await exportTable({ TableArn: `${ARN}Tokens`, S3Bucket: 'no-such-bucket' });
    expect(failed).toMatchObject({ ExportStatus: 'FAILED', FailureCode: 'S3NoSuchBucket' });
    expect(failed?.FailureMessage).toContain('The specified bucket does not exist');
    await cloud.clock.advance('1s');

    const input = { TableArn: `${ARN}Tokens`, S3Bucket: Bucket, ClientToken: 'token-1' };
    const first = await db.send(new ExportTableToPointInTimeCommand(input));
    const again = await db.send(new ExportTableToPointInTimeCommand(input));
    expect(again.ExportDescription?.ExportArn).toBe(first.ExportDescription?.ExportArn);
    const other = { ...input, S3Prefix: 'other' };
    await expect(db.send(new ExportTableToPointInTimeCommand(other))).rejects.toMatchObject({
      name: 'ExportConflictException',
      message: 'Export conflict: Duplicate request detected with conflicting parameters',
    });
    await cloud.settle();
    const list = await db.send(new ListExportsCommand({ TableArn: `${ARN}Tokens`, MaxResults: 1 }));
    expect(list.ExportSummaries).toHaveLength(1);
    const more = { TableArn: `${ARN}Tokens`, NextToken: list.NextToken };
    const rest = await db.send(new ListExportsCommand(more));
    expect(rest.ExportSummaries?.map((e) => e.ExportStatus)).toEqual(['FAILED']);
    await db.send(new DeleteTableCommand({ TableName: 'Tokens' }));
  });
});

async function importTable(
  TableName: string,
  input: Partial<ImportTableCommandInput> & { readonly prefix: string },
): Promise<ImportTableDescription | undefined> {
  const { prefix, ...rest } = input;
  const { ImportTableDescription: begun } = await db.send(
    new ImportTableCommand({
      S3BucketSource: { S3Bucket: Bucket, S3KeyPrefix: prefix },
      InputFormat: 'DYNAMODB_JSON',
      TableCreationParameters: {
        TableName,
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'n', AttributeType: 'N' },
        ],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        GlobalSecondaryIndexes: [
          {
            IndexName: 'by-n',
            KeySchema: [{ AttributeName: 'n', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
        BillingMode: 'PAY_PER_REQUEST',
      },
      ...rest,
    }),
  );
  expect(begun?.ImportStatus).toBe('IN_PROGRESS');
  await cloud.settle();
  const { ImportArn } = begun ?? {};
  return (await db.send(new DescribeImportCommand({ ImportArn }))).ImportTableDescription;
}

async function upload(Key: string, Body: string | Uint8Array): Promise<void> {
  await s3.send(new PutObjectCommand({ Bucket, Key, Body }));
}

async function items(TableName: string): Promise<Record<string, AttributeValue>[]> {
  const { Items = [] } = await db.send(new ScanCommand({ TableName }));
  return Items.toSorted((a, b) => ((a['pk']?.S ?? '') < (b['pk']?.S ?? '') ? -1 : 1));
}

describe('imports', () => {
  test('of an export give the same items', async () => {
    await makeTable('Source');
    await put('Source', 'a', { L: [{ N: '1' }, { M: { x: { BOOL: true } } }] });
    await put('Source', 'b', { SS: ['x', 'y'] });
    const formats = ['DYNAMODB_JSON', 'ION'] as const;
    for (const format of formats) {
      const prefix = `round-${format}`;
      const description = await exportTable({
        TableArn: `${ARN}Source`,
        S3Prefix: prefix,
        ExportFormat: format,
      });
      const data = description?.ExportManifest?.replace('manifest-summary.json', 'data/') ?? '';
      const name = `Round-${format}`;
      const imported = await importTable(name, {
        prefix: data,
        InputFormat: format,
        InputCompressionType: 'GZIP',
      });
      expect(imported).toMatchObject({
        ImportStatus: 'COMPLETED',
        ProcessedItemCount: 2,
        ImportedItemCount: 2,
        ErrorCount: 0,
      });
      expect(await items(name)).toEqual(await items('Source'));
    }
  });

  test('of CSV type the keys and fill indexes', async () => {
    await upload('csv/1.csv', 'pk,n,text\na,1,"one, ""quoted"""\nb,2,\r\nc,x,bad\n');
    const description = await importTable('Csv', { prefix: 'csv/', InputFormat: 'CSV' });
    expect(description).toMatchObject({
      ImportStatus: 'FAILED',
      FailureCode: 'ItemValidationError',
      ProcessedItemCount: 3,
      ImportedItemCount: 2,
      ErrorCount: 1,
      S3BucketSource: { S3BucketOwner: '000000000000', S3Bucket: Bucket, S3KeyPrefix: 'csv/' },
      InputCompressionType: 'NONE',
      CloudWatchLogGroupArn:
        'arn:aws:logs:us-east-1:000000000000:log-group:/aws-dynamodb/imports:*',
    });
    expect(await items('Csv')).toEqual([
      { pk: { S: 'a' }, n: { N: '1' }, text: { S: 'one, "quoted"' } },
      { pk: { S: 'b' }, n: { N: '2' }, text: { S: '' } },
    ]);
    const byN = await db.send(
      new QueryCommand({
        TableName: 'Csv',
        IndexName: 'by-n',
        KeyConditionExpression: 'n = :n',
        ExpressionAttributeValues: { ':n': { N: '2' } },
      }),
    );
    expect(byN.Items?.[0]?.['pk']).toEqual({ S: 'b' });
    const logs = cloud.client(CloudWatchLogsClient);
    const { events } = await logs.send(
      new GetLogEventsCommand({
        logGroupName: '/aws-dynamodb/imports',
        logStreamName: `${description?.ImportArn?.split('/import/')[1]}/error`,
      }),
    );
    expect(JSON.parse(events?.[0]?.message ?? '')).toMatchObject({
      itemS3Pointer: { bucket: Bucket, key: 'csv/1.csv', itemIndex: 2 },
    });
  });

  test('take a header and a delimiter from the request', async () => {
    await upload('plain/1', 'a;7;x\n');
    const Csv = { Delimiter: ';', HeaderList: ['pk', 'n', 'letter'] };
    const options = { InputFormat: 'CSV', InputFormatOptions: { Csv } } as const;
    const description = await importTable('Header', { prefix: 'plain/', ...options });
    expect(description?.ImportStatus).toBe('COMPLETED');
    expect(await items('Header')).toEqual([
      { pk: { S: 'a' }, n: { N: '7' }, letter: { S: 'x' } },
    ]);
  });

  // ack-api-quirks dynamodb, DDB-IMPORT-013: ten lines with one bad one.
  test('keep what was valid; a line that is no JSON ends its object', async () => {
    const line = (pk: number): string => JSON.stringify({ Item: { pk: { S: `k${pk}` } } });
    const ten = Array.from({ length: 10 }, (_, i) => line(i));
    await upload('keyless/1', ten.with(5, '{"Item":{"x":{"S":"y"}}}').join('\n'));
    expect(await importTable('Keyless', { prefix: 'keyless/' })).toMatchObject({
      ImportStatus: 'FAILED',
      FailureCode: 'ItemValidationError',
      FailureMessage:
        'Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for more details.',
      ProcessedItemCount: 10,
      ImportedItemCount: 9,
      ErrorCount: 1,
    });
    await upload('garbage/1', ten.with(5, '{garbage').join('\n'));
    expect(await importTable('Garbage', { prefix: 'garbage/' })).toMatchObject({
      ImportStatus: 'FAILED',
      ProcessedItemCount: 6,
      ImportedItemCount: 5,
      ErrorCount: 1,
    });
    expect(await items('Garbage')).toHaveLength(5);
    const { Table } = await db.send(new DescribeTableCommand({ TableName: 'Garbage' }));
    expect(Table?.TableStatus).toBe('ACTIVE');
  });

  test('without a bucket leave no table; without objects leave an empty one', async () => {
    const lost = await importTable('Lost', {
      prefix: '',
      S3BucketSource: { S3Bucket: 'no-such-bucket' },
    });
    expect(lost).toMatchObject({ ImportStatus: 'FAILED', FailureCode: 'S3NoSuchBucket' });
    await expect(db.send(new DescribeTableCommand({ TableName: 'Lost' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    const empty = await importTable('Empty', { prefix: 'nothing-here/' });
    expect(empty).toMatchObject({ ImportStatus: 'COMPLETED', ProcessedItemCount: 0 });
    await upload('plainly/1', gzipSync('{"Item":{"pk":{"S":"a"}}}\n'));
    const packed = await importTable('Packed', { prefix: 'plainly/' });
    expect(packed).toMatchObject({ ImportStatus: 'FAILED', ImportedItemCount: 0, ErrorCount: 1 });
    const list = await db.send(new ListImportsCommand({ TableArn: `${ARN}Empty` }));
    expect(list.ImportSummaryList).toMatchObject([{ ImportStatus: 'COMPLETED' }]);
    const taken = importTable('Empty', { prefix: 'nothing-here/' });
    await expect(taken).rejects.toMatchObject({
      name: 'ResourceInUseException',
      message: 'Table already exists: Empty',
    });
  });
});
