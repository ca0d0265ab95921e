// Resource-based policies as documents: what is refused, and the form in which they are kept.
// Messages and forms: recorded, ack-api-quirks dynamodb 2026-10, DDB-TABLE-207…212, 351…356.
import { invalid, invalidParameter } from '../errors.ts';

const POLICY_MAX_BYTES = 20_480;
const ROOT = /^\d{12}$/;

type Member = string | readonly string[] | Readonly<Record<string, unknown>>;

interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: Member;
  readonly NotPrincipal?: Member;
  readonly Action?: Member;
  readonly NotAction?: Member;
  readonly Resource?: Member;
  readonly NotResource?: Member;
  readonly Condition?: unknown;
}

interface Policy {
  readonly Version: string;
  readonly Id?: string;
  readonly Statement: readonly Statement[];
}

/**
 * The policy in the one form that equal policies share: minified, members in a fixed order, lists of
 * one as their only element, accounts as their root's ARN.
 */
export function canonicalPolicy(text: string): string {
  if (Buffer.byteLength(text) > POLICY_MAX_BYTES) {
    throw invalidParameter(`Maximum policy size of ${POLICY_MAX_BYTES} bytes exceeded`);
  }
  const policy = readPolicy(text);
  checkSids(policy);
  for (const statement of policy.Statement) checkBounded(statement);
  return JSON.stringify(policy);
}

function malformed(problem: string): Error {
  return invalidParameter(`Invalid policy document: ${problem}`);
}

function readPolicy(text: string): Policy {
  const raw = parseObject(text);
  const { Version: version = '2008-10-17', Id: id, Statement: given } = raw;
  const list: readonly unknown[] = Array.isArray(given) ? given : given === undefined ? [] : [given];
  if (list.length === 0) throw malformed('Could not parse the policy: Statement is empty!');
  return {
    Version: textOf(version),
    ...(id === undefined ? {} : { Id: textOf(id) }),
    Statement: list.map(readStatement),
  };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      return { ...parsed };
    }
  } catch {
    // What is no JSON is refused like what is no object.
  }
  throw malformed('This policy contains invalid Json');
}

function readStatement(given: unknown): Statement {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw malformed('This policy contains invalid Json');
  }
  const raw: Readonly<Record<string, unknown>> = { ...given };
  const effect = textOf(raw['Effect']).toLowerCase();
  if (effect !== 'allow' && effect !== 'deny') throw malformed('Missing required field Effect');
  for (const name of ['Principal', 'Action', 'Resource']) {
    if (raw[name] === undefined && raw[`Not${name}`] === undefined) {
      throw malformed(`Missing required field ${name}`);
    }
  }
  const sid = raw['Sid'];
  return {
    ...(sid === undefined ? {} : { Sid: textOf(sid) }),
    Effect: effect === 'allow' ? 'Allow' : 'Deny',
    ...principalMember('Principal', raw),
    ...principalMember('NotPrincipal', raw),
    ...listMember('Action', raw),
    ...listMember('NotAction', raw),
    ...listMember('Resource', raw),
    ...listMember('NotResource', raw),
    ...(raw['Condition'] === undefined ? {} : { Condition: raw['Condition'] }),
  };
}

function listMember(
  name: string,
  raw: Readonly<Record<string, unknown>>,
): Readonly<Record<string, Member>> {
  return raw[name] === undefined ? {} : { [name]: unwrapOne(textsOf(raw[name])) };
}

function principalMember(
  name: string,
  raw: Readonly<Record<string, unknown>>,
): Readonly<Record<string, Member>> {
  const given = raw[name];
  if (given === undefined) return {};
  if (typeof given === 'string') {
    if (given !== '*') throw malformed('Syntax error at position (1,1)');
    return { [name]: given };
  }
  const kinds = Object.entries(given ?? {}).map(([kind, value]) => {
    const names = textsOf(value).map((text) =>
      kind === 'AWS' && ROOT.test(text) ? `arn:aws:iam::${text}:root` : text,
    );
    return [kind, unwrapOne([...new Set(names)])] as const;
  });
  return { [name]: Object.fromEntries(kinds) };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function textsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map(String);
}

function unwrapOne(values: readonly string[]): string | readonly string[] {
  return values.length === 1 ? (values[0] ?? '') : values;
}

function checkSids({ Statement }: Policy): void {
  const sids = Statement.flatMap(({ Sid }) => (Sid === undefined ? [] : [Sid]));
  if (new Set(sids).size === sids.length) return;
  throw malformed('The Statement Ids in the policy are not unique');
}

function checkBounded({ Effect, Principal, Condition }: Statement): void {
  if (Effect !== 'Allow' || Condition !== undefined || !isEveryone(Principal)) return;
  throw invalid(
    'Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure least-privilege form of access',
  );
}

function isEveryone(principal: Member | undefined): boolean {
  return principalNames(principal).includes('*');
}

function principalNames(principal: Member | undefined): string[] {
  if (typeof principal === 'string') return [principal];
  if (principal === undefined || Array.isArray(principal)) return [];
  return Object.values(principal).flatMap(textsOf);
}

/** Whether whoever has one of these names could no longer change the policy under it. */
export function locksOut(canonical: string, names: readonly string[]): boolean {
  const { Statement } = JSON.parse(canonical) as Policy;
  return Statement.some(
    ({ Effect, Principal, Action, Condition }) =>
      Effect === 'Deny' &&
      Condition === undefined &&
      textsOf(Action ?? []).some((action) => matches(action, 'dynamodb:putresourcepolicy')) &&
      principalNames(Principal).some((name) => name === '*' || names.includes(name)),
  );
}

/** `*` stands for any characters. */
function matches(pattern: string, action: string): boolean {
  const parts = pattern.toLowerCase().split('*');
  const escaped = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${escaped.join('.*')}$`).test(action);
}
