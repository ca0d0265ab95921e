// Decides whether a role's trust policy lets a caller assume it. Pure.
import { ownEntry } from '../../base/own-entry.ts';

/** Who asks, in the terms that trust policies name principals in. */
export interface TrustedCaller {
  readonly account: string;
  /** Of a user or an assumed role's session. */
  readonly arn?: string;
  /** Of the role behind a session. */
  readonly roleArn?: string;
  /** e.g. `lambda.amazonaws.com` */
  readonly service?: string;
}

/** Condition keys in lower case → values. A key that the request does not have is absent. */
export type ConditionContext = ReadonlyMap<string, readonly string[]>;

export interface TrustQuestion {
  readonly caller: TrustedCaller;
  /** e.g. `sts:AssumeRole` */
  readonly action: string;
  readonly context: ConditionContext;
}

type Json = Readonly<Record<string, unknown>>;

/** Explicit denial wins; without a statement that allows, the answer is no. */
export function isTrusted(document: string, question: TrustQuestion): boolean {
  const { Statement: statement } = JSON.parse(document) as Json;
  const statements = (Array.isArray(statement) ? statement : [statement]) as readonly Json[];
  const applying = statements.filter((each) => applies(each, question));
  return (
    applying.some((each) => each['Effect'] === 'Allow') &&
    !applying.some((each) => each['Effect'] === 'Deny')
  );
}

function applies(statement: Json, { caller, action, context }: TrustQuestion): boolean {
  const matchesAction = textsOf(statement['Action']).some((pattern) =>
    isLike(action.toLowerCase(), pattern.toLowerCase()),
  );
  if (!matchesAction || !matchesPrincipal(statement, caller)) return false;
  const held = holds(statement['Condition'], context);
  // What cannot be decided neither allows nor fails to deny.
  return held ?? statement['Effect'] === 'Deny';
}

function matchesPrincipal(statement: Json, caller: TrustedCaller): boolean {
  if (statement['NotPrincipal'] !== undefined)
    return !namesCaller(statement['NotPrincipal'], caller);
  return namesCaller(statement['Principal'], caller);
}

function namesCaller(principal: unknown, caller: TrustedCaller): boolean {
  if (principal === '*') return true;
  if (typeof principal !== 'object' || principal === null) return false;
  const { AWS: aws, Service: service } = principal as Json;
  if (caller.service !== undefined) return textsOf(service).some((name) => name === caller.service);
  return textsOf(aws).some((name) => namesAwsCaller(name, caller));
}

function namesAwsCaller(name: string, { account, arn, roleArn }: TrustedCaller): boolean {
  if (name === '*' || name === account || name === `arn:aws:iam::${account}:root`) return true;
  return name === arn || name === roleArn;
}

/** Whether all conditions hold; undefined when one has an operator that is not known. */
function holds(condition: unknown, context: ConditionContext): boolean | undefined {
  if (condition === undefined) return true;
  let known = true;
  for (const [operator, keys] of Object.entries(condition as Readonly<Record<string, Json>>)) {
    for (const [key, wanted] of Object.entries(keys)) {
      const result = test(operator, textsOf(wanted), context.get(key.toLowerCase()));
      if (result === false) return false;
      if (result === undefined) known = false;
    }
  }
  return known ? true : undefined;
}

type Comparison = (actual: string, wanted: string) => boolean;

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  stringequals: (actual, wanted) => actual === wanted,
  stringequalsignorecase: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
  stringlike: isLike,
  arnequals: isLike,
  arnlike: isLike,
  bool: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
};
const NEGATIONS: Readonly<Record<string, string>> = {
  stringnotequals: 'stringequals',
  stringnotequalsignorecase: 'stringequalsignorecase',
  stringnotlike: 'stringlike',
  arnnotequals: 'arnequals',
  arnnotlike: 'arnlike',
};

function test(
  operator: string,
  wanted: readonly string[],
  actual: readonly string[] | undefined,
): boolean | undefined {
  const match = /^(?:(forallvalues|foranyvalue):)?(.+?)(ifexists)?$/.exec(operator.toLowerCase());
  const [, quantifier, name = '', ifExists] = match ?? [];
  if (name === 'null')
    return wanted.some((text) => text.toLowerCase() === String(actual === undefined));
  if (actual === undefined && ifExists !== undefined) return true;
  const negated = ownEntry(NEGATIONS, name);
  const compare = ownEntry(COMPARISONS, negated ?? name);
  if (compare === undefined) return undefined;
  // AWS: an absent key satisfies a negated operator, and ForAllValues; nothing else.
  if (actual === undefined) return negated !== undefined || quantifier === 'forallvalues';
  const meets = (value: string): boolean =>
    wanted.some((each) => compare(value, each)) !== (negated !== undefined);
  return quantifier === 'forallvalues' ? actual.every(meets) : actual.some(meets);
}

/** `*` stands for any text, `?` for one character. Linear but for the last star: no pattern can stall it. */
function isLike(text: string, pattern: string): boolean {
  let [at, index] = [0, 0];
  let [star, resume] = [-1, 0];
  while (at < text.length) {
    if (pattern[index] === '*') {
      [star, resume] = [index, at];
      index += 1;
    } else if (index < pattern.length && (pattern[index] === '?' || pattern[index] === text[at])) {
      at += 1;
      index += 1;
    } else if (star !== -1) {
      resume += 1;
      [at, index] = [resume, star + 1];
    } else return false;
  }
  return /^\**$/.test(pattern.slice(index));
}

/** Texts, booleans and numbers of a value or a list of values. */
function textsOf(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((item) => ['string', 'boolean', 'number'].includes(typeof item)).map(String);
}
