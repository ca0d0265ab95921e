// Checks of requests as a whole that the model cannot express, in AWS's words.
import { parseArn } from '../../base/arn.ts';
import type { Scope } from '../../kernel/context.ts';
import { constraintViolated, invalid, invalidParameter, resourceNotFound } from './errors.ts';
import { TABLE_NAME_MAX_LENGTH, TABLE_NAME_MIN_LENGTH } from './limits.ts';

const NAME_PATTERN = '[a-zA-Z0-9_.-]+';
const NAME = new RegExp(`^${NAME_PATTERN}$`);

/**
 * The table's name from a parameter that takes a name or an ARN. The model allows more than names
 * may be, since ARNs are longer; AWS checks names here with messages of the model's form.
 */
export function readTableName(given: string | undefined, scope: Scope): string {
  const text = given ?? '';
  if (text.startsWith('arn:')) return readTableArn(text, scope);
  if (
    text.length >= TABLE_NAME_MIN_LENGTH &&
    text.length <= TABLE_NAME_MAX_LENGTH &&
    NAME.test(text)
  ) {
    return text;
  }
  const broken: string[] = [];
  if (!NAME.test(text))
    broken.push(`Member must satisfy regular expression pattern: ${NAME_PATTERN}`);
  if (text.length < TABLE_NAME_MIN_LENGTH) {
    broken.push(`Member must have length greater than or equal to ${TABLE_NAME_MIN_LENGTH}`);
  }
  if (text.length > TABLE_NAME_MAX_LENGTH) {
    broken.push(`Member must have length less than or equal to ${TABLE_NAME_MAX_LENGTH}`);
  }
  const [first = ''] = broken;
  if (broken.length === 1) throw constraintViolated(text, 'tableName', first);
  const all = broken.map(
    (constraint) => `Value '${text}' at 'tableName' failed to satisfy constraint: ${constraint}`,
  );
  throw invalid(`${all.length} validation errors detected: ${all.join('; ')}`);
}

/** Tables of other accounts and regions are out of reach: there are no resource policies yet. */
function readTableArn(text: string, { account, region }: Scope): string {
  const arn = parseArn(text);
  const name =
    arn?.resource.startsWith('table/') === true ? arn.resource.slice('table/'.length) : '';
  if (arn?.service !== 'dynamodb' || !NAME.test(name)) {
    throw invalidParameter(`Invalid TableArn: ${text}`);
  }
  if (arn.account !== account || arn.region !== region) throw resourceNotFound();
  return name;
}

/** The table a resource ARN names; indexes and streams have no tags. */
export function readResourceArn(text: string | undefined, { account, region }: Scope): string {
  const arn = parseArn(text ?? '');
  if (arn?.service !== 'dynamodb' || !arn.resource.startsWith('table/')) {
    throw invalid(`Invalid TableArn: Invalid ResourceArn provided as input ${text ?? ''}`);
  }
  if (arn.account !== account || arn.region !== region) throw resourceNotFound();
  return arn.resource.slice('table/'.length);
}

/** AWS: puts and deletes know only the old item. */
export function checkReturnValues(returnValues: string | undefined): void {
  if (returnValues === undefined || returnValues === 'NONE' || returnValues === 'ALL_OLD') return;
  throw invalid('ReturnValues can only be ALL_OLD or NONE');
}

/** Throws when a name stands in AttributesToGet twice. */
export function checkDistinctNames(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw invalidParameter(`Duplicate value in attribute name: ${name}`);
    seen.add(name);
  }
}
