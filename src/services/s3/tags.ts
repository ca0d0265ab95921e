// Tag sets of buckets and objects, in XML bodies and in the x-amz-tagging header.
import { invalidArgument, invalidTag, tooManyTags } from './errors.ts';
import {
  BUCKET_TAGS_MAX,
  OBJECT_TAGS_MAX,
  TAG_KEY_MAX_CHARS,
  TAG_VALUE_MAX_CHARS,
} from './limits.ts';

export interface Tag {
  readonly key: string;
  readonly value: string;
}

// S3 user guide, "Tagging": letters, spaces and numbers of UTF-8, and + - = . _ : / @
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Throws InvalidTag for the first tag that AWS refuses. */
export function checkTags(tags: readonly Tag[], on: 'bucket' | 'object'): void {
  const max = on === 'bucket' ? BUCKET_TAGS_MAX : OBJECT_TAGS_MAX;
  if (tags.length > max) {
    throw tooManyTags(
      on === 'bucket' ? `Bucket tag count cannot be greater than ${max}` : `Object tags cannot be greater than ${max}`,
    );
  }
  const seen = new Set<string>();
  for (const { key, value } of tags) {
    if (seen.has(key)) {
      throw invalidTag('Cannot provide multiple Tags with the same key', { TagKey: key });
    }
    seen.add(key);
    if (key.startsWith('aws:')) {
      const message =
        on === 'bucket'
          ? 'System tags cannot be added/updated by requester'
          : 'Your TagKey cannot be prefixed with aws:';
      throw invalidTag(message, { TagKey: key });
    }
    if (key === '' || key.length > TAG_KEY_MAX_CHARS || !TAG_TEXT.test(key)) {
      throw invalidTag('The TagKey you have provided is invalid', { TagKey: key });
    }
    if (value.length > TAG_VALUE_MAX_CHARS || !TAG_TEXT.test(value)) {
      throw invalidTag('The TagValue you have provided is invalid', {
        TagKey: key,
        TagValue: value,
      });
    }
  }
}

/**
 * The tags of an `x-amz-tagging` header, `key1=value1&key2`, percent-encoded.
 * localstack/localstack, test_s3_api.snapshot.json, test_put_object_with_tags, test_object_tagging_exc.
 */
export function parseTaggingHeader(header: string): Tag[] {
  const tags: Tag[] = [];
  for (const pair of header.split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const key = decodeForm(at === -1 ? pair : pair.slice(0, at), header);
    const value = at === -1 ? '' : decodeForm(pair.slice(at + 1), header);
    if (pair.indexOf('=', at + 1) !== -1 && at !== -1) throw invalidTaggingHeader(header);
    if (tags.some((tag) => tag.key === key)) throw invalidTaggingHeader(header);
    tags.push({ key, value });
  }
  checkTags(tags, 'object');
  return sortTags(tags);
}

/** Tag sets are listed by key. */
export function sortTags(tags: readonly Tag[]): Tag[] {
  return tags.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

function decodeForm(text: string, header: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw invalidTaggingHeader(header);
  }
}

function invalidTaggingHeader(header: string): Error {
  return invalidArgument(
    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    'x-amz-tagging',
    header,
  );
}
