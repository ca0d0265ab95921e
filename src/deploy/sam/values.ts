// Small words for template values: what they are, and the intrinsic functions the transform writes.

/** A template's map, changed in place while it is transformed. */
export type JsonMap = Record<string, unknown>;

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** The value where it is a map, else an empty one. */
export function mapOr(value: unknown): JsonMap {
  return isMap(value) ? value : {};
}

/** Present and not empty: AWS's translator takes an empty map, list or text for one that is left out. */
export function isFilled(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '')
    return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

/** `{Ref: …}`, `{Condition: …}` or `{Fn::…: …}`. */
export function isIntrinsic(value: unknown): value is JsonMap {
  if (!isMap(value)) return false;
  const [key = '', ...more] = Object.keys(value);
  return more.length === 0 && (key === 'Ref' || key === 'Condition' || key.startsWith('Fn::'));
}

export function isIf(value: unknown): value is { 'Fn::If': unknown } {
  return isIntrinsic(value) && 'Fn::If' in value;
}

export function isNoValue(value: unknown): boolean {
  return isIntrinsic(value) && value['Ref'] === 'AWS::NoValue';
}

export function ref(logicalId: string): JsonMap {
  return { Ref: logicalId };
}

export function getAtt(logicalId: string, attribute: string): JsonMap {
  return { 'Fn::GetAtt': [logicalId, attribute] };
}

export function sub(text: string, variables?: JsonMap): JsonMap {
  return { 'Fn::Sub': variables === undefined ? text : [text, variables] };
}

/** Fn::If; without `otherwise` the value is left out when the condition does not hold. */
export function when(
  condition: unknown,
  then: unknown,
  otherwise: unknown = ref('AWS::NoValue'),
): JsonMap {
  return { 'Fn::If': [condition, then, otherwise] };
}

export function not(condition: string): JsonMap {
  return { 'Fn::Not': [{ Condition: condition }] };
}

export function clone<T>(value: T): T {
  return structuredClone(value);
}

/** `{Key: Value}` as CloudFormation's list of tags. */
export function tagList(tags: unknown): JsonMap[] {
  return Object.entries(mapOr(tags)).map(([Key, value]) => ({ Key, Value: value ?? '' }));
}

/** The logical id that a Ref or GetAtt names. */
export function referredId(value: unknown): string | undefined {
  if (!isIntrinsic(value)) return undefined;
  if (typeof value['Ref'] === 'string') return value['Ref'];
  const attribute = value['Fn::GetAtt'];
  if (Array.isArray(attribute)) {
    return attribute.length === 2 && typeof attribute[0] === 'string' ? attribute[0] : undefined;
  }
  if (typeof attribute !== 'string') return undefined;
  const parts = attribute.split('.');
  return parts.length === 2 ? parts[0] : undefined;
}

/** Only letters and digits, and at least one. */
export function isAlphanumeric(text: string): boolean {
  return /^[A-Za-z0-9]+$/.test(text);
}

/** A text as AWS's translator, written in Python, prints it. */
export function printValue(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  return typeof value === 'string' ? value : printNested(value);
}

function printNested(value: unknown): string {
  if (typeof value === 'string')
    return value.includes("'") && !value.includes('"') ? `"${value}"` : `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(printNested).join(', ')}]`;
  if (isMap(value)) {
    return `{${Object.entries(value)
      .map(([key, inner]) => `${printNested(key)}: ${printNested(inner)}`)
      .join(', ')}}`;
  }
  return printValue(value);
}
