// Checks that the model of the API does not express, in AWS's order and words.
import type { Capability, TemplateSummary } from '../../kernel/templates.ts';
import { capabilitiesMissing, notSupported, validationError } from './errors.ts';
import { STACK_NAME_LENGTH_MAX, TAGS_MAX } from './limits.ts';

/** A change set that creates a stack names it, where others may give an ARN. */
export function checkNewStackName(name: string): void {
  if (/^[a-zA-Z][-a-zA-Z0-9]*$/.test(name) && name.length <= STACK_NAME_LENGTH_MAX) return;
  throw validationError(
    `1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint: ` +
      'Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*',
  );
}

interface Tag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** @param isInternal a nested stack carries its parent's tags. */
export function readTags(
  tags: readonly Tag[] | undefined,
  isInternal: boolean,
): Record<string, string> {
  const given = tags ?? [];
  if (given.length > TAGS_MAX)
    throw validationError(`Number of tags exceeds the limit of ${TAGS_MAX}`);
  const read: Record<string, string> = {};
  for (const { Key: key = '', Value: value = '' } of given) {
    if (/^aws:/i.test(key) && !isInternal) {
      throw validationError(`aws: prefixed tag key names are not allowed for external use.`);
    }
    if (Object.hasOwn(read, key))
      throw validationError('Duplicate tag keys found. Please ensure all tag keys are unique.');
    read[key] = value;
  }
  return read;
}

interface GivenParameter {
  readonly ParameterKey?: string | undefined;
  readonly ParameterValue?: string | undefined;
  readonly UsePreviousValue?: boolean | undefined;
}

/** @param previous values in force, for `UsePreviousValue`; undefined for a new stack. */
export function readParameters(
  given: readonly GivenParameter[] | undefined,
  previous: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  const read: Record<string, string> = {};
  for (const { ParameterKey: key = '', ParameterValue: value, UsePreviousValue: keep } of given ??
    []) {
    if (keep === true) {
      const before = previous?.[key];
      if (before === undefined) {
        throw validationError(
          `Invalid input for parameter key ${key}. ` +
            'Cannot specify usePreviousValue as true for a parameter key not in the previous template',
        );
      }
      read[key] = before;
    } else if (value !== undefined) {
      read[key] = value;
    } else {
      throw validationError(
        `Invalid input for parameter key ${key}. Need to specify either usePreviousValue as true or a value for a parameter`,
      );
    }
  }
  return read;
}

/** `mayExpand`: change sets show what a macro did before anything happens, so they need no leave for it. */
export function checkCapabilities(
  summary: TemplateSummary,
  given: readonly string[],
  { mayExpand }: { readonly mayExpand: boolean },
): void {
  const has = (capability: Capability): boolean => given.includes(capability);
  const missing = summary.capabilities.filter(
    (needed) => !has(needed) && !(needed === 'CAPABILITY_IAM' && has('CAPABILITY_NAMED_IAM')),
  );
  if (!mayExpand && summary.declaredTransforms.length > 0 && !has('CAPABILITY_AUTO_EXPAND')) {
    missing.push('CAPABILITY_AUTO_EXPAND');
  }
  if (missing.length > 0) throw capabilitiesMissing(missing);
}

interface Refusable {
  readonly ResourceTypes?: readonly string[] | undefined;
  readonly RollbackConfiguration?:
    | {
        readonly RollbackTriggers?: readonly unknown[] | undefined;
        readonly MonitoringTimeInMinutes?: number | undefined;
      }
    | undefined;
  readonly StackPolicyBody?: string | undefined;
  readonly StackPolicyURL?: string | undefined;
  readonly StackPolicyDuringUpdateBody?: string | undefined;
  readonly StackPolicyDuringUpdateURL?: string | undefined;
  readonly RetainExceptOnCreate?: boolean | undefined;
}

/** Parameters that change behaviour and are not there yet. */
export function refuseUnsupported(input: Refusable): void {
  if ((input.ResourceTypes ?? []).length > 0)
    throw notSupported('ResourceTypes', 'leave it out to allow every type');
  const monitoring = input.RollbackConfiguration?.MonitoringTimeInMinutes ?? 0;
  if ((input.RollbackConfiguration?.RollbackTriggers ?? []).length > 0 || monitoring > 0) {
    throw notSupported('RollbackConfiguration', 'no alarm is watched during an operation');
  }
  const hasPolicy =
    input.StackPolicyBody ??
    input.StackPolicyURL ??
    input.StackPolicyDuringUpdateBody ??
    input.StackPolicyDuringUpdateURL;
  if (hasPolicy !== undefined)
    throw notSupported('A stack policy', 'stack policies are not enforced yet');
  if (input.RetainExceptOnCreate === true) {
    throw notSupported(
      'RetainExceptOnCreate',
      'set the DeletionPolicy RetainExceptOnCreate in the template',
    );
  }
}
