// Bucket policies as documents: what PutBucketPolicy refuses, and whether one is public.
import { malformedPolicy } from './errors.ts';
import { BUCKET_POLICY_MAX_BYTES } from './limits.ts';

interface Statement {
  readonly effect: unknown;
  readonly principal: unknown;
  readonly hasCondition: boolean;
}

/**
 * Checks the document's shape as S3 does before it looks at principals.
 * Messages: localstack/localstack, test_s3_api.snapshot.json, TestS3BucketPolicy; AWS re:Post.
 */
export function checkPolicy(text: string, bucket: string): void {
  if (Buffer.byteLength(text) > BUCKET_POLICY_MAX_BYTES) {
    throw malformedPolicy('Policy exceeds the maximum allowed document size.');
  }
  for (const statement of readStatements(text)) checkStatement(statement, bucket);
}

/** Whether the policy lets everyone in. S3 user guide, "The meaning of public". */
export function isPublicPolicy(text: string): boolean {
  return readStatements(text).some((raw) => {
    const { effect, principal, hasCondition } = summarise(raw);
    return effect === 'Allow' && isEveryone(principal) && !hasCondition;
  });
}

function readStatements(text: string): Record<string, unknown>[] {
  const document = parseObject(text);
  if (document === undefined) {
    throw malformedPolicy("Policies must be valid JSON and the first byte must be '{'");
  }
  const statement = document['Statement'];
  if (statement === undefined) throw malformedPolicy('Missing required field Statement');
  const list: unknown[] = Array.isArray(statement) ? statement : [statement];
  if (list.length === 0) throw malformedPolicy('Could not parse the policy: Statement is empty!');
  return list.map((each) => {
    if (typeof each === 'object' && each !== null && !Array.isArray(each)) return { ...each };
    throw malformedPolicy('Could not parse the policy: Statement must be an object');
  });
}

function checkStatement(statement: Record<string, unknown>, bucket: string): void {
  const effect = statement['Effect'];
  if (effect === undefined) throw malformedPolicy('Missing required field Effect');
  if (effect !== 'Allow' && effect !== 'Deny') throw malformedPolicy(`Invalid effect: ${JSON.stringify(effect)}`);
  if (statement['Principal'] === undefined && statement['NotPrincipal'] === undefined) {
    throw malformedPolicy('Missing required field Principal');
  }
  const actions = listOf(statement['Action'] ?? statement['NotAction']);
  if (actions.length === 0) throw malformedPolicy('Missing required field Action');
  for (const action of actions) {
    if (action !== '*' && !/^s3[a-z-]*:/i.test(action)) {
      throw malformedPolicy('Policy has invalid action');
    }
  }
  const resources = listOf(statement['Resource'] ?? statement['NotResource']);
  if (resources.length === 0) throw malformedPolicy('Missing required field Resource');
  const own = `arn:aws:s3:::${bucket}`;
  for (const resource of resources) {
    if (!coversBucket(resource, own)) throw malformedPolicy('Policy has invalid resource');
  }
}

/** The bucket or something in it, wildcards allowed. */
function coversBucket(resource: string, own: string): boolean {
  const [bucketPart = ''] = resource.split('/');
  const pattern = bucketPart
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`).test(own);
}

function summarise(raw: Record<string, unknown>): Statement {
  const condition = raw['Condition'];
  return {
    effect: raw['Effect'],
    principal: raw['Principal'],
    hasCondition:
      typeof condition === 'object' && condition !== null && Object.keys(condition).length > 0,
  };
}

function isEveryone(principal: unknown): boolean {
  if (principal === '*') return true;
  if (typeof principal !== 'object' || principal === null || !('AWS' in principal)) return false;
  return listOf(principal.AWS).includes('*');
}

function listOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.map(String) : [];
}

function parseObject(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
