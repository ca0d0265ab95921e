// The policy of a browser's upload: what the form may contain. S3 API reference, "POST policy".
import {
  accessDenied,
  entityTooLarge,
  invalidPolicyDocument,
  uploadTooSmall,
} from './errors.ts';

interface Condition {
  readonly operator: 'eq' | 'starts-with';
  /** Lower case, without `$`. */
  readonly field: string;
  readonly value: string;
  /** As written, for the refusal. */
  readonly source: string;
}

export interface PostPolicy {
  readonly expiresAtMs: number;
  readonly conditions: readonly Condition[];
  readonly minBytes: number;
  readonly maxBytes: number;
}

/** Fields that need no condition: those of the signature, the policy itself and the file. */
const FREE_FIELDS = new Set([
  'policy',
  'file',
  'awsaccesskeyid',
  'signature',
  'x-amz-signature',
]);

/** @param encoded base64 of the JSON document. */
export function parsePolicy(encoded: string): PostPolicy {
  const document = parseJson(Buffer.from(encoded, 'base64').toString('utf8'));
  const { expiration, conditions } = document;
  if (typeof expiration !== 'string') throw invalidPolicyDocument('Policy missing expiration.');
  const expiresAtMs = Date.parse(expiration);
  if (Number.isNaN(expiresAtMs)) {
    throw invalidPolicyDocument(`Invalid 'expiration' value: '${expiration}'`);
  }
  if (!Array.isArray(conditions)) throw invalidPolicyDocument('Policy missing conditions.');
  let [minBytes, maxBytes] = [0, Number.POSITIVE_INFINITY];
  const found: Condition[] = [];
  for (const condition of conditions as unknown[]) {
    if (Array.isArray(condition) && String(condition[0]).toLowerCase() === 'content-length-range') {
      [minBytes, maxBytes] = [Number(condition[1]), Number(condition[2])];
      if (Number.isNaN(minBytes) || Number.isNaN(maxBytes)) {
        throw invalidPolicyDocument('Invalid content-length-range');
      }
    } else {
      found.push(...readCondition(condition));
    }
  }
  return { expiresAtMs, conditions: found, minBytes, maxBytes };
}

function readCondition(condition: unknown): Condition[] {
  if (Array.isArray(condition)) {
    const [operator, field, value] = condition as unknown[];
    const name = String(operator).toLowerCase();
    if ((name !== 'eq' && name !== 'starts-with') || !String(field).startsWith('$')) {
      throw invalidPolicyDocument(`Invalid Condition: ${JSON.stringify(condition)}`);
    }
    const source = `["${name}", "${String(field)}", "${String(value)}"]`;
    return [{ operator: name, field: String(field).slice(1).toLowerCase(), value: String(value), source }];
  }
  if (typeof condition === 'object' && condition !== null) {
    return Object.entries(condition).map(([field, value]) => ({
      operator: 'eq',
      field: field.toLowerCase(),
      value: String(value),
      source: `["eq", "$${field}", "${String(value)}"]`,
    }));
  }
  throw invalidPolicyDocument(`Invalid Condition: ${JSON.stringify(condition)}`);
}

/** Throws AccessDenied, as AWS words it, for the first thing the policy does not allow. */
export function checkPolicy(
  policy: PostPolicy,
  fields: ReadonlyMap<string, string>,
  nowMs: number,
): void {
  if (policy.expiresAtMs <= nowMs) throw accessDenied('Invalid according to Policy: Policy expired.');
  for (const { operator, field, value, source } of policy.conditions) {
    const given = fields.get(field) ?? '';
    const holds = operator === 'eq' ? given === value : startsWith(field, given, value);
    if (!holds) throw accessDenied(`Invalid according to Policy: Policy Condition failed: ${source}`);
  }
  const allowed = new Set(policy.conditions.map(({ field }) => field));
  for (const name of fields.keys()) {
    if (allowed.has(name) || FREE_FIELDS.has(name) || name.startsWith('x-ignore-')) continue;
    // The bucket is checked where a condition names it, and told by the address otherwise.
    if (name === 'bucket') continue;
    throw accessDenied(`Invalid according to Policy: Extra input fields: ${name}`);
  }
}

// AWS: a list of content types must begin so in each of its items.
function startsWith(field: string, given: string, value: string): boolean {
  const items = field === 'content-type' ? given.split(',') : [given];
  return items.every((item) => item.startsWith(value));
}

/** `content-length-range`, once the size is known. */
export function checkSize(policy: PostPolicy, sizeBytes: number): void {
  if (sizeBytes < policy.minBytes) throw uploadTooSmall(sizeBytes, policy.minBytes);
  if (sizeBytes > policy.maxBytes) throw entityTooLarge(sizeBytes, policy.maxBytes);
}

function parseJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    throw invalidPolicyDocument('Invalid JSON.');
  }
  throw invalidPolicyDocument('Invalid JSON.');
}
