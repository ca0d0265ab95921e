// What a session is asked to be: policies, tags and their limits, from AssumeRole's input.
import type { SessionAttributes, SessionTag } from '../../kernel/credentials.ts';
import type { InputOf } from '../../models/operations.ts';
import {
  duplicateTagKeys,
  malformedPolicy,
  packedPolicyTooLarge,
  transitiveKeyNotTagged,
  transitiveTagConflict,
} from './errors.ts';
import { MAX_PACKED_POLICY_BYTES } from './limits.ts';

type AssumeRoleInput = InputOf<'sts', 'AssumeRole'>;

export interface SessionPlan {
  readonly attributes: SessionAttributes;
  /** Per cent of the room for policies and tags; absent when there are none. */
  readonly packedPercent?: number;
}

/** @param inherited transitive tags of the calling session */
export function planSession(input: AssumeRoleInput, inherited: readonly SessionTag[]): SessionPlan {
  const policies = input.Policy === undefined ? [] : [requireJson(input.Policy)];
  const policyArns = (input.PolicyArns ?? []).flatMap(({ arn }) =>
    arn === undefined ? [] : [arn],
  );
  const tags = planTags(input, inherited);
  const attributes: SessionAttributes = {
    policies,
    policyArns,
    tags: [...inherited, ...tags],
    ...(input.SourceIdentity === undefined ? {} : { sourceIdentity: input.SourceIdentity }),
  };
  if (policies.length + policyArns.length + tags.length === 0) return { attributes };
  const packedPercent = measurePacked([
    ...policies,
    ...policyArns,
    ...tags.map(({ key, value }) => key + value),
  ]);
  if (packedPercent > 100) throw packedPolicyTooLarge(packedPercent);
  return { attributes, packedPercent };
}

function planTags(input: AssumeRoleInput, inherited: readonly SessionTag[]): SessionTag[] {
  const tags = (input.Tags ?? []).map(({ Key = '', Value = '' }) => ({ key: Key, value: Value }));
  const keys = new Set(tags.map((tag) => tag.key.toLowerCase()));
  if (keys.size < tags.length) throw duplicateTagKeys();
  const transitive = new Set((input.TransitiveTagKeys ?? []).map((key) => key.toLowerCase()));
  if ([...transitive].some((key) => !keys.has(key))) throw transitiveKeyNotTagged();
  if (inherited.some((tag) => keys.has(tag.key.toLowerCase()))) throw transitiveTagConflict();
  return tags.map((tag) => ({ ...tag, transitive: transitive.has(tag.key.toLowerCase()) }));
}

function requireJson(policy: string): string {
  try {
    JSON.parse(policy);
    return policy;
  } catch (cause) {
    throw Object.assign(malformedPolicy('This policy contains invalid Json'), { cause });
  }
}

/** Differs: AWS packs into a binary form of its own; here white space goes and the rest counts as it is. */
function measurePacked(texts: readonly string[]): number {
  const bytes = texts.reduce(
    (sum, text) => sum + Buffer.byteLength(text.replaceAll(/\s+/g, ' ')),
    0,
  );
  return Math.ceil((100 * bytes) / MAX_PACKED_POLICY_BYTES);
}
