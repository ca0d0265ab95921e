// User metadata and descriptive headers of objects, between HTTP's bytes and text.
import { checkUserMetadata } from './rules.ts';

export const DEFAULT_CONTENT_TYPE = 'binary/octet-stream';

/** Names in lower case; values as the text their bytes are. Throws MetadataTooLarge. */
export function readMetadata(
  headers: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    metadata[name.toLowerCase()] = decodeHeader(value);
  }
  checkUserMetadata(metadata);
  return metadata;
}

/** AWS: values beyond ASCII come back as RFC 2047 words. S3 user guide, "User-defined object metadata". */
export function showMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [name, encodeHeader(value)]),
  );
}

/** The coding of the object itself: `aws-chunked` is of the transfer. */
export function objectContentEncoding(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const codings = header
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '' && coding.toLowerCase() !== 'aws-chunked');
  return codings.length === 0 ? undefined : codings.join(',');
}

// HTTP parsers give header bytes as Latin-1; clients send UTF-8.
function decodeHeader(value: string): string {
  if (isAscii(value)) return decodeWords(value);
  const text = Buffer.from(value, 'latin1').toString('utf8');
  return text.includes('\uFFFD') ? value : text;
}

/** `=?UTF-8?B?…?=`, as SDKs and AWS itself write it. */
function decodeWords(value: string): string {
  const match = /^=\?utf-8\?b\?([A-Za-z0-9+/=]*)\?=$/i.exec(value);
  return match === null ? value : Buffer.from(match[1] ?? '', 'base64').toString('utf8');
}

function encodeHeader(value: string): string {
  return isAscii(value) ? value : `=?UTF-8?B?${Buffer.from(value).toString('base64')}?=`;
}

function isAscii(text: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(text);
}
