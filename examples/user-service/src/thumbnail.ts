// An upload under uploads/ becomes a thumbnail under thumbnails/ and a record in the table.
import { Logger } from '@aws-lambda-powertools/logger';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import type { Context, S3Event } from 'aws-lambda';
import sharp from 'sharp';
import { documents, usersTable } from './users-table.ts';

const logger = new Logger();
const s3 = new S3Client({});
const SIZE_PX = 128;

export async function handler(event: S3Event, context: Context): Promise<void> {
  logger.addContext(context);
  for (const { s3: record } of event.Records) {
    // Keys arrive as in a form: `+` is a space.
    const key = decodeURIComponent(record.object.key.replaceAll('+', ' '));
    await makeThumbnail(record.bucket.name, key);
  }
}

async function makeThumbnail(bucket: string, key: string): Promise<void> {
  const original = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const bytes = await original.Body?.transformToByteArray();
  const thumbnail = await sharp(bytes).resize(SIZE_PX, SIZE_PX, { fit: 'cover' }).jpeg().toBuffer();
  const target = key.replace(/^uploads\//, 'thumbnails/');
  await s3.send(
    new PutObjectCommand({ Bucket: bucket, Key: target, Body: thumbnail, ContentType: 'image/jpeg' }),
  );
  await documents.send(
    new PutCommand({
      TableName: usersTable,
      Item: { user_id: `picture#${key}`, thumbnail: target, bytes: thumbnail.length, size_px: SIZE_PX },
    }),
  );
  logger.info('thumbnail made', { key, target });
}
