// Uploads from HTML forms, as a browser sends them.
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCloud } from '../../../testing/create-cloud.ts';
import type { TestCloud } from '../../../testing/create-cloud.ts';

const Bucket = 'forms';
let cloud: TestCloud;
let s3: S3Client;

beforeAll(async () => {
  cloud = await createCloud();
  s3 = cloud.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => cloud.close());

type Fields = Record<string, string>;

/** The fields of a form whose policy is signed, as S3's documentation derives them. */
function signed(fields: Fields, conditions: unknown[], key = { id: 'test', secret: 'test' }): Fields {
  const date = '20260101';
  const credential = `${key.id}/${date}/us-east-1/s3/aws4_request`;
  const own: Fields = {
    ...fields,
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': credential,
    'x-amz-date': `${date}T000000Z`,
  };
  const expiration = new Date(cloud.clock.now().getTime() + 60_000).toISOString();
  const named = Object.entries(own).filter(([name]) => name.startsWith('x-amz-')).map(([name, value]) => ({ [name]: value }));
  const document = { expiration, conditions: [{ bucket: Bucket }, ...named, ...conditions] };
  const policy = Buffer.from(JSON.stringify(document)).toString('base64');
  const hmac = (secret: string | Buffer, text: string) => createHmac('sha256', secret).update(text).digest();
  const signingKey = hmac(hmac(hmac(hmac(`AWS4${key.secret}`, date), 'us-east-1'), 's3'), 'aws4_request');
  return { ...own, policy, 'x-amz-signature': hmac(signingKey, policy).toString('hex') };
}

async function post(fields: Fields, file: string | undefined, filename = 'photo.jpg'): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (file !== undefined) form.append('file', new Blob([file], { type: 'image/jpeg' }), filename);
  return fetch(`${cloud.endpoint}/${Bucket}`, { method: 'POST', body: form, redirect: 'manual' });
}
const get = (Key: string) => s3.send(new GetObjectCommand({ Bucket, Key }));

it('puts the file, named after itself when the key says so', async () => {
  const fields = signed(
    { key: 'uploads/${filename}', 'Content-Type': 'image/jpeg', 'x-amz-meta-colour': 'blue' },
    [['starts-with', '$key', 'uploads/'], ['starts-with', '$Content-Type', 'image/']],
  );
  const answer = await post(fields, 'pixels', 'C:\\pictures\\a photo.jpg');
  expect(answer.status, await answer.text()).toBe(204);
  // echo -n pixels | md5sum
  expect(answer.headers.get('etag')).toBe('"d399848208da8b80a306af0fd62bb03f"');
  const found = await get('uploads/a photo.jpg');
  expect(await found.Body?.transformToString()).toBe('pixels');
  expect(found).toMatchObject({ ContentType: 'image/jpeg', Metadata: { colour: 'blue' } });
});

it('takes files of any size and content, delimiters nearly included', async () => {
  const nearly = `${'x'.repeat(200_000)}\r\n--\r\n------WebKitFormBoundary\r\n`;
  const answer = await post(signed({ key: 'large' }, [{ key: 'large' }]), nearly);
  expect(answer.status).toBe(204);
  expect(await (await get('large')).Body?.transformToString()).toBe(nearly);
});

describe('success', () => {
  it('is a document with status 201', async () => {
    const fields = signed({ key: 'k&1', success_action_status: '201' }, [{ key: 'k&1' }, { success_action_status: '201' }]);
    const answer = await post(fields, 'x');
    expect(answer.status).toBe(201);
    const body = await answer.text();
    expect(body).toContain(`<PostResponse><Location>${cloud.endpoint}/${Bucket}/k%261</Location>`);
    expect(body).toContain('<Key>k&amp;1</Key>');
  });

  it('is a redirect when asked', async () => {
    const to = 'https://example.com/done?a=b';
    const fields = signed({ key: 'k', success_action_redirect: to }, [{ key: 'k' }, ['eq', '$success_action_redirect', to]]);
    const answer = await post(fields, 'x');
    expect(answer.status).toBe(303);
    const location = new URL(answer.headers.get('location') ?? '');
    expect(Object.fromEntries(location.searchParams)).toMatchObject({ a: 'b', bucket: Bucket, key: 'k' });
  });
});

// S3 API reference, "POST policy" and "Error responses".
describe('refusals', () => {
  const code = async (answer: Response) => {
    const body = await answer.text();
    const tag = (name: string) => new RegExp(`<${name}>(.*?)</${name}>`).exec(body)?.[1];
    return [answer.status, tag('Code'), tag('Message')?.replaceAll('&quot;', '"').replaceAll('&apos;', "'")];
  };

  it('of a key the policy does not allow', async () => {
    const fields = signed({ key: 'other/k' }, [['starts-with', '$key', 'uploads/']]);
    expect(await code(await post(fields, 'x'))).toEqual([
      403,
      'AccessDenied',
      'Invalid according to Policy: Policy Condition failed: ["starts-with", "$key", "uploads/"]',
    ]);
  });

  it('of fields the policy does not mention', async () => {
    const fields = { ...signed({ key: 'k' }, [{ key: 'k' }]), 'x-amz-meta-a': 'b' };
    expect(await code(await post(fields, 'x'))).toEqual([
      403,
      'AccessDenied',
      'Invalid according to Policy: Extra input fields: x-amz-meta-a',
    ]);
  });

  it('of files too large or too small', async () => {
    const fields = signed({ key: 'sized' }, [{ key: 'sized' }, ['content-length-range', 2, 4]]);
    expect((await code(await post(fields, '12345')))[1]).toBe('EntityTooLarge');
    expect((await code(await post(fields, '1')))[1]).toBe('EntityTooSmall');
    await expect(get('sized')).rejects.toMatchObject({ name: 'NoSuchKey' });
    expect((await post(fields, '123')).status).toBe(204);
  });

  it('of an expired policy', async () => {
    const fields = signed({ key: 'late' }, [{ key: 'late' }]);
    await cloud.clock.advance('2m');
    expect(await code(await post(fields, 'x'))).toEqual([403, 'AccessDenied', 'Invalid according to Policy: Policy expired.']);
  });

  it('of forms without key, file or signature', async () => {
    expect(await code(await post({}, 'x'))).toEqual([
      400,
      'InvalidArgument',
      "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
    ]);
    expect(await code(await post({ key: 'k' }, undefined))).toEqual([
      400,
      'InvalidArgument',
      'POST requires exactly one file upload per request.',
    ]);
    const { 'x-amz-signature': _, ...unsigned } = signed({ key: 'k' }, [{ key: 'k' }]);
    expect((await code(await post(unsigned, 'x')))[2]).toContain("'X-Amz-Signature'");
  });

  it('of bodies that are no form', async () => {
    const answer = await fetch(`${cloud.endpoint}/${Bucket}`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=b' },
      body: '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nno end',
    });
    expect((await code(answer))[1]).toBe('MalformedPOSTRequest');
    const huge = await post({ key: 'k', policy: 'x'.repeat(30_000) }, 'x');
    expect((await code(huge))[1]).toBe('MaxPostPreDataLengthExceeded');
  });

  it('of a wrong signature by a key of this cloud', async () => {
    const iam = cloud.client(IAMClient);
    await iam.send(new CreateUserCommand({ UserName: 'poster' }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'poster' }));
    const id = AccessKey?.AccessKeyId ?? '';
    const right = signed({ key: 'k' }, [{ key: 'k' }], { id, secret: AccessKey?.SecretAccessKey ?? '' });
    expect((await post(right, 'x')).status).toBe(204);
    const wrong = signed({ key: 'k' }, [{ key: 'k' }], { id, secret: 'other' });
    expect((await code(await post(wrong, 'x'))).slice(0, 2)).toEqual([403, 'SignatureDoesNotMatch']);
  });
});
