// Parameters: binds a template's declarations to the values given, with CloudFormation's checks.
import { TemplateError } from '../kernel/templates.ts';
import type { BoundParameter, TemplateParameter } from '../kernel/templates.ts';
import type { PlainObject } from './parse-template.ts';

/** What `Ref` gives: text, or a list for the list types. */
export type ParameterValue = string | readonly string[];

export interface BoundParameters {
  readonly bound: readonly BoundParameter[];
  readonly values: ReadonlyMap<string, ParameterValue>;
}

const MEMBERS = new Set([
  'Type', 'Default', 'Description', 'NoEcho', 'AllowedValues', 'AllowedPattern', 'ConstraintDescription',
  'MinLength', 'MaxLength', 'MinValue', 'MaxValue',
]); // prettier-ignore

type Declarations = Readonly<Record<string, PlainObject>>;

/** As GetTemplateSummary and ValidateTemplate tell them. Throws TemplateError on a wrong declaration. */
export function describeParameters(declarations: Declarations): TemplateParameter[] {
  return Object.entries(declarations).map(([key, declaration]) => {
    const type = checkDeclaration(key, declaration);
    const { Default: defaultValue, Description: description, AllowedValues: allowed } = declaration;
    return {
      key,
      type,
      noEcho: isTrue(declaration['NoEcho']),
      ...(defaultValue === undefined ? {} : { defaultValue: textOf(defaultValue) }),
      ...(typeof description === 'string' ? { description } : {}),
      ...(Array.isArray(allowed) ? { allowedValues: allowed.map(textOf) } : {}),
    };
  });
}

/** Throws TemplateError: unknown keys, missing values, then the constraints of each, in AWS's order. */
export function bindParameters(
  declarations: Declarations,
  given: Readonly<Record<string, string>>,
): BoundParameters {
  const strangers = Object.keys(given).filter((key) => !Object.hasOwn(declarations, key));
  if (strangers.length > 0) {
    throw new TemplateError(`Parameters: [${strangers.join(', ')}] do not exist in the template`);
  }
  const described = describeParameters(declarations);
  const missing = described.filter(
    ({ key, defaultValue }) => given[key] === undefined && defaultValue === undefined,
  );
  if (missing.length > 0) {
    throw new TemplateError(
      `Parameters: [${missing.map(({ key }) => key).join(', ')}] must have values`,
    );
  }
  const values = new Map<string, ParameterValue>();
  const bound = described.map(({ key, type, defaultValue, noEcho }) => {
    const value = given[key] ?? defaultValue ?? '';
    values.set(key, checkValue({ key, type, declaration: declarations[key] ?? {} }, value));
    return { key, value, noEcho };
  });
  return { bound, values };
}

function checkDeclaration(key: string, declaration: PlainObject): string {
  const type = declaration['Type'];
  if (typeof type !== 'string') {
    throw new TemplateError(
      `Template format error: Every Parameters object must contain a Type member.`,
    );
  }
  const unknown = Object.keys(declaration).find((member) => !MEMBERS.has(member));
  if (unknown !== undefined) {
    throw new TemplateError(`Invalid template parameter property '${unknown}'`);
  }
  if (type.startsWith('AWS::SSM::Parameter::')) {
    throw new TemplateError(
      `Parameter ${key} has type ${type}: parameters from SSM Parameter Store are not supported here; ` +
        'pass the value as a String parameter.',
    );
  }
  const isKnown =
    /^(String|Number|CommaDelimitedList|List<Number>)$/.test(type) ||
    /^(List<)?AWS::[A-Za-z0-9]+::[A-Za-z0-9:.]+>?$/.test(type);
  if (!isKnown) {
    throw new TemplateError(`Template format error: Unrecognized parameter type: ${type}`);
  }
  return type;
}

interface Constrained {
  readonly key: string;
  readonly type: string;
  readonly declaration: PlainObject;
}

function checkValue(parameter: Constrained, text: string): ParameterValue {
  const { key, type } = parameter;
  const isList = type === 'CommaDelimitedList' || type.startsWith('List<');
  const items = isList ? (text === '' ? [] : text.split(',').map((item) => item.trim())) : [text];
  const isNumeric = type === 'Number' || type === 'List<Number>';
  for (const item of items) {
    if (isNumeric && (item === '' || !Number.isFinite(Number(item)))) {
      throw new TemplateError(
        `Parameter '${key}' must be ${isList ? 'a list of numbers' : 'a number'}`,
      );
    }
    checkAllowed(parameter, item);
    if (isNumeric) checkRange(parameter, Number(item));
    else checkText(parameter, item);
  }
  return isList ? items : text;
}

function checkAllowed(parameter: Constrained, item: string): void {
  const allowed = parameter.declaration['AllowedValues'];
  if (!Array.isArray(allowed) || allowed.map(textOf).includes(item)) return;
  throw violation(parameter, 'must be one of AllowedValues');
}

function checkRange(parameter: Constrained, value: number): void {
  const { MinValue: min, MaxValue: max } = parameter.declaration;
  if (min !== undefined && value < Number(min)) {
    throw violation(parameter, `must be a number not less than ${textOf(min)}`);
  }
  if (max !== undefined && value > Number(max)) {
    throw violation(parameter, `must be a number not greater than ${textOf(max)}`);
  }
}

function checkText(parameter: Constrained, value: string): void {
  const { MinLength: min, MaxLength: max, AllowedPattern: pattern } = parameter.declaration;
  if (min !== undefined && value.length < Number(min)) {
    throw violation(parameter, `must contain at least ${textOf(min)} characters`);
  }
  if (max !== undefined && value.length > Number(max)) {
    throw violation(parameter, `must contain at most ${textOf(max)} characters`);
  }
  if (typeof pattern === 'string' && !matches(parameter.key, pattern, value)) {
    throw violation(parameter, `must match pattern ${pattern}`);
  }
}

/** The template author's own words for the constraint go before AWS's. */
function violation({ key, declaration }: Constrained, constraint: string): TemplateError {
  const explained = declaration['ConstraintDescription'];
  return typeof explained === 'string'
    ? new TemplateError(`Parameter ${key} failed to satisfy constraint: ${explained}`)
    : new TemplateError(`Parameter '${key}' ${constraint}`);
}

function matches(key: string, pattern: string, value: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(value);
  } catch {
    throw new TemplateError(
      `Parameter '${key}' has an AllowedPattern that is not a regular expression`,
    );
  }
}

/** Scalars as CloudFormation writes them into text. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}
