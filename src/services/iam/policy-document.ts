// Reads policy documents far enough to refuse what IAM refuses: JSON, grammar, prohibited elements. Pure.

/** What is wrong with a document, in AWS's words. */
export type PolicyProblem = string;

const VERSIONS: readonly unknown[] = ['2012-10-17', '2008-10-17'];
const TOP_ELEMENTS = new Set(['Version', 'Id', 'Statement']);
const STATEMENT_ELEMENTS = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]);

type Json = Readonly<Record<string, unknown>>;

/** For managed and inline policies: what an identity may do. Undefined: nothing is wrong. */
export function checkIdentityPolicy(text: string): PolicyProblem | undefined {
  const statements = parseStatements(text);
  if (typeof statements === 'string')
    return statements === NOT_JSON ? 'Syntax errors in policy.' : statements;
  for (const statement of statements) {
    const problem = checkIdentityStatement(statement);
    if (problem !== undefined) return problem;
  }
  return findRepeatedSid(statements);
}

/** For roles: who may assume them. */
export function checkTrustPolicy(text: string): PolicyProblem | undefined {
  const statements = parseStatements(text);
  if (typeof statements === 'string') return statements;
  for (const statement of statements) {
    const problem = checkTrustStatement(statement);
    if (problem !== undefined) return problem;
  }
  return findRepeatedSid(statements);
}

const NOT_JSON = 'This policy contains invalid Json';
const LEGACY = 'The policy failed legacy parsing';
const SYNTAX = 'Syntax errors in policy.';

function parseStatements(text: string): Json[] | PolicyProblem {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return NOT_JSON;
  }
  if (!isRecord(document)) return SYNTAX;
  if (!Object.keys(document).every((key) => TOP_ELEMENTS.has(key))) return SYNTAX;
  const { Version: version, Statement: statement } = document;
  if (version !== undefined && !VERSIONS.includes(version)) return SYNTAX;
  if (statement === undefined) return SYNTAX;
  const statements: readonly unknown[] = Array.isArray(statement) ? statement : [statement];
  if (statements.length === 0) return 'Could not parse the policy: Statement is empty!';
  const records = statements.filter(isRecord);
  if (records.length < statements.length) return SYNTAX;
  return records.every(hasKnownElements) ? records : SYNTAX;
}

function hasKnownElements(statement: Json): boolean {
  if (!Object.keys(statement).every((key) => STATEMENT_ELEMENTS.has(key))) return false;
  const { Effect: effect, Sid: sid, Condition: condition } = statement;
  if (effect !== 'Allow' && effect !== 'Deny') return false;
  if (sid !== undefined && typeof sid !== 'string') return false;
  return condition === undefined || isRecord(condition);
}

function checkIdentityStatement(statement: Json): PolicyProblem | undefined {
  if ('Principal' in statement || 'NotPrincipal' in statement) {
    return 'Policy document should not specify a principal.';
  }
  const actions = statement['Action'] ?? statement['NotAction'];
  if (actions === undefined || isEmptyList(actions))
    return 'Policy statement must contain actions.';
  const resources = statement['Resource'] ?? statement['NotResource'];
  if (resources === undefined || isEmptyList(resources))
    return 'Policy statement must contain resources.';
  if ('Action' in statement && 'NotAction' in statement) return SYNTAX;
  if ('Resource' in statement && 'NotResource' in statement) return SYNTAX;
  return checkActions(actions) ?? checkResources(resources);
}

function checkActions(value: unknown): PolicyProblem | undefined {
  const actions = toTexts(value);
  if (actions === undefined) return SYNTAX;
  for (const action of actions) {
    if (action === '*') continue;
    const [vendor = '', name, ...more] = action.split(':');
    if (name === undefined)
      return 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';
    if (more.length > 0) return 'Actions/Condition can contain only one colon.';
    if (!/^[a-zA-Z0-9.-]+$/.test(vendor)) return `Vendor ${vendor} is not valid`;
  }
  return undefined;
}

function checkResources(value: unknown): PolicyProblem | undefined {
  const resources = toTexts(value);
  if (resources === undefined) return SYNTAX;
  for (const resource of resources) {
    if (resource === '*') continue;
    const [arn, partition] = resource.split(':');
    if (arn !== 'arn') return `Resource ${resource} must be in ARN format or "*".`;
    if (resource.split(':').length < 3 && !resource.includes('*')) return LEGACY;
    if (partition !== undefined && !/^(?:aws[a-z-]*|\*|\$\{.*)$/.test(partition)) {
      return `Partition "${partition}" is not valid for resource "${resource}".`;
    }
  }
  return undefined;
}

function checkTrustStatement(statement: Json): PolicyProblem | undefined {
  if ('Resource' in statement || 'NotResource' in statement) return 'Has prohibited field Resource';
  if (!('Principal' in statement) && !('NotPrincipal' in statement))
    return 'Missing required field Principal';
  const principal = statement['Principal'] ?? statement['NotPrincipal'];
  if (principal !== '*' && !isPrincipal(principal)) return SYNTAX;
  const actions = toTexts(statement['Action']);
  if (actions === undefined || actions.length === 0) return 'Missing required field Action';
  const isSts = actions.every((action) => /^(?:\*|sts:.+)$/i.test(action));
  return isSts ? undefined : 'AssumeRole policy may only specify STS AssumeRole actions.';
}

function isPrincipal(value: unknown): boolean {
  if (!isRecord(value)) return false;
  return Object.entries(value).every(
    ([kind, names]) =>
      ['AWS', 'Service', 'Federated', 'CanonicalUser'].includes(kind) &&
      toTexts(names) !== undefined,
  );
}

function findRepeatedSid(statements: readonly Json[]): PolicyProblem | undefined {
  const sids = statements
    .map((statement) => statement['Sid'])
    .filter((sid) => sid !== undefined && sid !== '');
  return new Set(sids).size === sids.length
    ? undefined
    : 'Statement IDs (SID) in a single policy must be unique.';
}

/** A text or a list of texts, as a list; undefined for anything else. */
function toTexts(value: unknown): readonly string[] | undefined {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts = list.filter((item) => typeof item === 'string');
  return texts.length === list.length ? texts : undefined;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
