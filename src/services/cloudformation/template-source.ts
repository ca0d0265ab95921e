// Gets a template's text: from the request, from S3, or the one in force.
import { ServiceError } from '../../base/errors.ts';
import type { RequestContext } from '../../kernel/context.ts';
import { TemplateError } from '../../kernel/templates.ts';
import { validationError } from './errors.ts';
import { TEMPLATE_BODY_BYTES_MAX, TEMPLATE_URL_BYTES_MAX } from './limits.ts';

export interface TemplateRequest {
  readonly TemplateBody?: string | undefined;
  readonly TemplateURL?: string | undefined;
  readonly UsePreviousTemplate?: boolean | undefined;
}

/** @param previous the template in force, for `UsePreviousTemplate`. */
export async function loadTemplate(
  input: TemplateRequest,
  context: RequestContext,
  previous?: string,
): Promise<string> {
  const { TemplateBody: body, TemplateURL: url, UsePreviousTemplate: keep } = input;
  if (body !== undefined && url !== undefined) {
    throw validationError('You cannot specify both Template URL and Template Body.');
  }
  if (keep === true) {
    if (body !== undefined || url !== undefined) {
      throw validationError(
        'You cannot specify both usePreviousTemplate and Template URL or Template Body.',
      );
    }
    if (previous === undefined) throw validationError('There is no previous template to use.');
    return previous;
  }
  if (body !== undefined) return checkBody(body);
  if (url !== undefined && url !== '') return fetchTemplate(url, context);
  throw validationError('Either Template URL or Template Body must be specified.');
}

function checkBody(body: string): string {
  const bytes = Buffer.byteLength(body);
  if (bytes <= TEMPLATE_BODY_BYTES_MAX) return body;
  throw validationError(
    `1 validation error detected: Value '${body.slice(0, 60)}…' at 'templateBody' failed to satisfy constraint: ` +
      `Member must have length less than or equal to ${TEMPLATE_BODY_BYTES_MAX}`,
  );
}

async function fetchTemplate(url: string, context: RequestContext): Promise<string> {
  const { bucket, key, versionId } = parseTemplateUrl(url);
  try {
    const object = await context.call('s3', 'GetObject', {
      Bucket: bucket,
      Key: key,
      ...(versionId === undefined ? {} : { VersionId: versionId }),
    });
    const bytes = await readBody(object.Body);
    if (bytes.length > TEMPLATE_URL_BYTES_MAX) {
      throw validationError(`Template may not exceed ${TEMPLATE_URL_BYTES_MAX} bytes in size.`);
    }
    return Buffer.from(bytes).toString('utf8');
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code === 'ValidationError') throw error;
    throw validationError(
      `S3 error: ${error.message}\nFor more information check ` +
        'http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html',
    );
  }
}

interface ObjectAddress {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

/** Path style and virtual-host style, on AWS's host names or on this cloud's own. */
function parseTemplateUrl(text: string): ObjectAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw validationError('TemplateURL must be a supported URL.');
  }
  const virtual = /^(.+?)\.s3[.-]/.exec(url.hostname)?.[1];
  const path = decodePath(url.pathname.slice(1));
  const slash = path.indexOf('/');
  const bucket = virtual ?? path.slice(0, Math.max(slash, 0));
  const key = virtual === undefined ? path.slice(slash + 1) : path;
  if (bucket === '' || key === '')
    throw validationError('TemplateURL must reference a valid S3 object to which you have access.');
  const versionId = url.searchParams.get('versionId');
  return { bucket, key, ...(versionId === null ? {} : { versionId }) };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw validationError('TemplateURL must be a supported URL.');
  }
}

async function readBody(body: unknown): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body as AsyncIterable<Uint8Array>) {
    parts.push(part);
    size += part.length;
    if (size > TEMPLATE_URL_BYTES_MAX) break;
  }
  return Buffer.concat(parts);
}

/** Turns what the engine says of a template into this API's error. */
export function checked<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TemplateError) throw validationError(error.message);
    throw error;
  }
}
