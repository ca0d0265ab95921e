// The ways to name a function: name, partial ARN, full ARN, each with or without a qualifier.
import type { Scope } from '../../kernel/context.ts';
import { invalidParameter, regionUnreachable, validationFailed } from './errors.ts';

export interface FunctionReference {
  readonly name: string;
  /** Version or alias; undefined when none was named. */
  readonly qualifier?: string;
  /** Where the name says the function is; the caller's scope when it does not say. */
  readonly scope: Scope;
}

const NAME = '[a-zA-Z0-9-_]{1,140}';
const QUALIFIER = String.raw`\$LATEST|[a-zA-Z0-9-_]{1,128}`;
const PLAIN = new RegExp(`^(${NAME})(?::(${QUALIFIER}))?$`);
const PARTIAL = new RegExp(`^(\\d{12}):(?:function:)?(${NAME})(?::(${QUALIFIER}))?$`);
const FULL = new RegExp(
  `^arn:aws[a-zA-Z-]*:lambda:([a-z]{2}(?:-[a-z]+)+-\\d):(\\d{12}):function:(${NAME})(?::(${QUALIFIER}))?$`,
);
/** The pattern AWS quotes when a name fits none of the forms. <Lambda API model, FunctionName> */
const AWS_PATTERN = String.raw`(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`;

/**
 * @param text `FunctionName` as given.
 * @param qualifier the separate `Qualifier` parameter; must agree with one inside the name.
 */
export function parseFunctionReference(
  text: string,
  qualifier: string | undefined,
  scope: Scope,
): FunctionReference {
  const parsed = matchForms(text, scope);
  if (parsed === undefined) {
    throw validationFailed(
      `1 validation error detected: Value '${text}' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: ${AWS_PATTERN}`,
    );
  }
  if (parsed.scope.region !== scope.region) throw regionUnreachable(parsed.scope.region, scope.region);
  if (parsed.qualifier !== undefined && qualifier !== undefined && parsed.qualifier !== qualifier) {
    throw invalidParameter(
      'The derived qualifier from the function name does not match the specified qualifier.',
    );
  }
  const chosen = qualifier ?? parsed.qualifier;
  return { name: parsed.name, scope: parsed.scope, ...(chosen === undefined ? {} : { qualifier: chosen }) };
}

function matchForms(text: string, scope: Scope): FunctionReference | undefined {
  const full = FULL.exec(text);
  if (full !== null) {
    const [, region = '', account = '', name = '', qualifier] = full;
    return reference(name, qualifier, { account, region });
  }
  const partial = PARTIAL.exec(text);
  if (partial !== null) {
    const [, account = '', name = '', qualifier] = partial;
    return reference(name, qualifier, { account, region: scope.region });
  }
  const plain = PLAIN.exec(text);
  if (plain !== null) return reference(plain[1] ?? '', plain[2], scope);
  return undefined;
}

function reference(name: string, qualifier: string | undefined, scope: Scope): FunctionReference {
  return { name, scope, ...(qualifier === undefined ? {} : { qualifier }) };
}

/** `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]` */
export function functionArn(scope: Scope, name: string, qualifier?: string): string {
  const suffix = qualifier === undefined ? '' : `:${qualifier}`;
  return `arn:aws:lambda:${scope.region}:${scope.account}:function:${name}${suffix}`;
}

/** Whether a qualifier names a published version or `$LATEST`, rather than an alias. */
export function isVersion(qualifier: string): boolean {
  return qualifier === '$LATEST' || /^\d+$/.test(qualifier);
}
