// Uploads from HTML forms: a signed policy instead of a signed request. S3 API reference, "POST Object".
import { timingSafeEqual } from 'node:crypto';
import { ServiceError } from '../../../base/errors.ts';
import { randomUuid } from '../../../base/random.ts';
import { DEFAULT_ACCOUNT, accountOfKey } from '../../../kernel/authenticate.ts';
import type { Principal, RequestContext, WorkContext } from '../../../kernel/context.ts';
import { resolveAccessKey } from '../../../kernel/credentials.ts';
import type { IssuedCredential } from '../../../kernel/credentials.ts';
import type { HttpRoute } from '../../../kernel/service.ts';
import type { HttpRequest, HttpResponse } from '../../../wire/http.ts';
import { hostId, restXml } from '../../../wire/rest-xml.ts';
import { addressOf, bucketOfHost } from '../../../wire/s3-address.ts';
import { authFailure, expiredSession, toAuthError, unknownAccessKey } from '../../../wire/sigv4/auth-errors.ts';
import { matchesVersion2 } from '../../../wire/sigv4/presigned-version2.ts';
import { deriveSigningKey, hmac } from '../../../wire/sigv4/signing-key.ts';
import { XML_DECLARATION, element, escapeXml } from '../../../wire/xml-writer.ts';
import { isDisconnect, takeIn } from '../body-intake.ts';
import { requireBucket } from '../bucket-access.ts';
import { crossOrigin } from '../cross-origin.ts';
import { incompleteBody, missingPostField, missingPostFile } from '../errors.ts';
import { boundaryOf, readForm } from '../form-data.ts';
import type { PostFile, PostForm } from '../form-data.ts';
import { checksumMembers, demandChecksum, verifyChecksum } from '../integrity.ts';
import { SINGLE_PUT_MAX_BYTES } from '../limits.ts';
import { checkPolicy, checkSize, parsePolicy } from '../post-policy.ts';
import type { PostPolicy } from '../post-policy.ts';
import { checkKey } from '../rules.ts';
import { requestedGrants } from './buckets.ts';
import { readDescription, writtenVersionMember } from './describe.ts';
import { contentOf, keepOrDiscard, writeObject } from './put-object.ts';
import type { Written } from './put-object.ts';
import { readTags, showEtag } from './shapes.ts';

interface PostTarget {
  readonly bucket: string;
  readonly boundary: string;
}

export const postRoute: HttpRoute = {
  name: 'S3 POST upload',
  match(request): PostTarget | undefined {
    if (request.method !== 'POST') return undefined;
    const boundary = boundaryOf(request.headers['content-type']);
    if (boundary === undefined) return undefined;
    const { bucket, path } = addressOf(request, bucketOfHost(request.headers['host'] ?? '') ?? undefined);
    return bucket === undefined || path !== '/' ? undefined : { bucket, boundary };
  },
  async handle(matched, request, context) {
    const target = matched as PostTarget;
    const requestId = randomUuid(context.random);
    const response = await answer(target, request, { context, requestId });
    if (request.headers['origin'] === undefined) return response;
    const cors = await crossOrigin(request, { Bucket: target.bucket }, context.store);
    return { ...response, headers: { ...response.headers, ...cors } };
  },
};

interface Work {
  readonly context: WorkContext;
  readonly requestId: string;
}

async function answer(
  target: PostTarget,
  request: HttpRequest,
  work: Work,
): Promise<HttpResponse> {
  try {
    const form = await readForm(request.body.stream(), target.boundary);
    const written = await upload(target, form, { ...work, request });
    return showWritten(form, written, work);
  } catch (error) {
    const refusal = isDisconnect(error) ? incompleteBody(error) : error;
    if (!(refusal instanceof ServiceError)) throw refusal;
    return restXml.serializeError({ request }, refusal, work.requestId);
  }
}

interface Posted {
  readonly bucket: string;
  readonly key: string;
  readonly written: Written;
}

async function upload(
  { bucket }: PostTarget,
  { fields, file }: PostForm,
  { context, requestId, request }: Work & { readonly request: HttpRequest },
): Promise<Posted> {
  const given = fields.get('key');
  if (given === undefined) throw missingPostField('key');
  if (file === undefined) throw missingPostFile();
  const principal = await authenticateForm(fields, context);
  const policy = readPolicy(fields, { bucket, nowMs: context.nowMs });
  const key = given.replaceAll('${filename}', baseName(file));
  checkKey(key);
  const requestContext: RequestContext = {
    ...context,
    account: principal.account,
    principal,
    service: 's3',
    operation: 'PostObject',
    requestId,
    http: request,
  };
  await context.store.read((view) => requireBucket(view, { Bucket: bucket }));
  const description = readDescription(describeFields(fields, file));
  const demand = demandChecksum(checksumFields(fields), fields.get('x-amz-checksum-algorithm'), undefined);
  const intake = await takeIn(file.content, {
    blobs: context.blobs,
    algorithm: demand.algorithm,
    maxBytes: Math.min(SINGLE_PUT_MAX_BYTES, policy?.maxBytes ?? SINGLE_PUT_MAX_BYTES),
  });
  const written = await keepOrDiscard(requestContext, intake, () => {
    if (policy !== undefined) checkSize(policy, intake.sizeBytes);
    verifyChecksum(demand, intake.checksum);
    const checksum = { algorithm: demand.algorithm, value: intake.checksum, type: 'FULL_OBJECT' } as const;
    return writeObject(requestContext, {
      reference: { Bucket: bucket },
      key,
      conditions: {},
      description,
      grants: requestedGrants({ ACL: fields.get('acl') }, principal.account),
      canned: fields.get('acl'),
      content: contentOf(intake, checksum),
      event: 'ObjectCreated:Post',
    });
  });
  return { bucket, key, written };
}

/** The policy, if there is one, found to allow the form. */
function readPolicy(
  fields: ReadonlyMap<string, string>,
  { bucket, nowMs }: { readonly bucket: string; readonly nowMs: number },
): PostPolicy | undefined {
  const encoded = fields.get('policy');
  if (encoded === undefined) return undefined;
  const policy = parsePolicy(encoded);
  checkPolicy(policy, new Map([...fields, ['bucket', bucket]]), nowMs);
  return policy;
}

/** Who signed the policy; anonymous without one. */
async function authenticateForm(
  fields: ReadonlyMap<string, string>,
  context: WorkContext,
): Promise<Principal> {
  const policy = fields.get('policy');
  if (policy === undefined) return { kind: 'anonymous', account: DEFAULT_ACCOUNT };
  // Signature version 2, of which boto3 still makes its forms, names its key otherwise.
  const legacy = fields.get('awsaccesskeyid');
  const credential = fields.get('x-amz-credential');
  if (legacy === undefined) {
    for (const name of ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Signature']) {
      if (!fields.has(name.toLowerCase())) throw missingPostField(name);
    }
  }
  const accessKeyId = legacy ?? credential?.split('/')[0] ?? '';
  const issued = await context.store.read((view) => resolveAccessKey(view, accessKeyId));
  if (issued === undefined) {
    if (context.trustsUnknownKeys) return { kind: 'root', account: accountOfKey(accessKeyId) };
    throw toAuthError(unknownAccessKey('s3', accessKeyId));
  }
  verifyForm(fields, issued, context.nowMs);
  return issued.principal;
}

function verifyForm(
  fields: ReadonlyMap<string, string>,
  issued: IssuedCredential,
  nowMs: number,
): void {
  if (!issued.active) throw toAuthError(unknownAccessKey('s3', issued.accessKeyId));
  if (issued.expiresAtMs !== undefined && issued.expiresAtMs <= nowMs) {
    throw toAuthError(expiredSession('s3'));
  }
  const isSigned = fields.has('awsaccesskeyid') ? isSignedVersion2 : isSignedVersion4;
  const token = fields.get('x-amz-security-token');
  if (isSigned(fields, issued.secretAccessKey) && token === issued.sessionToken) return;
  const message =
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.';
  throw toAuthError(
    authFailure('s3', 'mismatch', message, { AWSAccessKeyId: issued.accessKeyId }),
  );
}

function isSignedVersion4(fields: ReadonlyMap<string, string>, secret: string): boolean {
  const [, date = '', region = '', service = ''] = (fields.get('x-amz-credential') ?? '').split('/');
  const key = deriveSigningKey(secret, { date, region, service });
  const expected = hmac(key, fields.get('policy') ?? '');
  const sent = Buffer.from(fields.get('x-amz-signature') ?? '', 'hex');
  return sent.length === expected.length && timingSafeEqual(sent, expected);
}

function isSignedVersion2(fields: ReadonlyMap<string, string>, secret: string): boolean {
  return matchesVersion2(fields.get('policy') ?? '', fields.get('signature') ?? '', secret);
}

/** Browsers may send a whole path; the name is its last part. */
function baseName({ filename }: PostFile): string {
  return filename.split(/[\\/]/).at(-1) ?? '';
}

function describeFields(fields: ReadonlyMap<string, string>, file: PostFile) {
  const metadata = [...fields].flatMap(([name, value]) =>
    name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), value] as const] : [],
  );
  const expires = fields.get('expires');
  const tagging = fields.get('tagging');
  return {
    ContentType: fields.get('content-type') ?? file.contentType,
    CacheControl: fields.get('cache-control'),
    ContentDisposition: fields.get('content-disposition'),
    ContentEncoding: fields.get('content-encoding'),
    ContentLanguage: fields.get('content-language'),
    Expires: expires === undefined ? undefined : new Date(expires),
    WebsiteRedirectLocation: fields.get('x-amz-website-redirect-location'),
    StorageClass: fields.get('x-amz-storage-class'),
    ServerSideEncryption: fields.get('x-amz-server-side-encryption'),
    SSECustomerAlgorithm: fields.get('x-amz-server-side-encryption-customer-algorithm'),
    Metadata: Object.fromEntries(metadata),
    Tagging: tagging === undefined ? undefined : taggingHeader(tagging),
  };
}

/** The tagging field is the XML of PutObjectTagging; the header is `key=value&…`. */
function taggingHeader(xml: string): string {
  const tags = [...xml.matchAll(/<Tag>\s*<Key>([^<]*)<\/Key>\s*<Value>([^<]*)<\/Value>\s*<\/Tag>/g)];
  const read = readTags(tags.map(([, Key, Value]) => ({ Key, Value })));
  return read.map(({ key, value }) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join('&');
}

function checksumFields(fields: ReadonlyMap<string, string>) {
  return {
    ChecksumCRC32: fields.get('x-amz-checksum-crc32'),
    ChecksumCRC32C: fields.get('x-amz-checksum-crc32c'),
    ChecksumCRC64NVME: fields.get('x-amz-checksum-crc64nvme'),
    ChecksumSHA1: fields.get('x-amz-checksum-sha1'),
    ChecksumSHA256: fields.get('x-amz-checksum-sha256'),
  };
}

/** 204, or what `success_action_status` and `success_action_redirect` ask for. */
function showWritten(
  { fields }: PostForm,
  { bucket, key, written }: Posted,
  { context, requestId }: Work,
): HttpResponse {
  const { object } = written;
  const etag = showEtag(object.etag);
  const location = `${context.endpoint}/${bucket}/${encodeURIComponent(key)}`;
  const { VersionId } = writtenVersionMember(written.bucket, object);
  const sums = Object.entries(checksumMembers(object.checksum)).map(([name, value]) => [
    name === 'ChecksumType' ? 'x-amz-checksum-type' : name.replace('Checksum', 'x-amz-checksum-').toLowerCase(),
    String(value),
  ]);
  const headers: Record<string, string> = {
    etag,
    location,
    'x-amz-server-side-encryption': 'AES256',
    'x-amz-request-id': requestId,
    'x-amz-id-2': hostId(requestId),
    ...(Object.fromEntries(sums) as Record<string, string>),
    ...(VersionId === undefined ? {} : { 'x-amz-version-id': VersionId }),
  };
  const redirect = redirectFor(fields, { bucket, key, etag });
  if (redirect !== undefined) return { status: 303, headers: { ...headers, location: redirect } };
  switch (fields.get('success_action_status')) {
    case '200':
      return { status: 200, headers: { ...headers, 'content-length': '0' } };
    case '201': {
      const inner =
        element('Location', escapeXml(location)) +
        element('Bucket', escapeXml(bucket)) +
        element('Key', escapeXml(key)) +
        element('ETag', escapeXml(etag));
      const body = XML_DECLARATION + element('PostResponse', inner);
      return { status: 201, headers: { ...headers, 'content-type': 'application/xml' }, body };
    }
    case undefined:
    default:
      return { status: 204, headers };
  }
}

/** AWS: an address that is none is ignored. S3 API reference, POST Object. */
function redirectFor(
  fields: ReadonlyMap<string, string>,
  { bucket, key, etag }: { readonly bucket: string; readonly key: string; readonly etag: string },
): string | undefined {
  const wanted = fields.get('success_action_redirect') ?? fields.get('redirect');
  if (wanted === undefined || !URL.canParse(wanted)) return undefined;
  const url = new URL(wanted);
  url.searchParams.set('bucket', bucket);
  url.searchParams.set('key', key);
  url.searchParams.set('etag', etag);
  return url.href;
}
