// Runs the transforms that a template declares, in AWS's order, as pure functions of the template.
import { TemplateError } from '../kernel/templates.ts';
import type { StackIdentity } from '../kernel/templates.ts';
import { expandLoops } from './language-extensions.ts';
import { bindParameters } from './parameters.ts';
import type { ParameterValue } from './parameters.ts';
import { isObject } from './parse-template.ts';
import type { PlainObject } from './parse-template.ts';
import { SamError, transformSam } from './sam/transform-sam.ts';
import { readTransforms } from './template-model.ts';

const LANGUAGE_EXTENSIONS = 'AWS::LanguageExtensions';
const SERVERLESS = 'AWS::Serverless-2016-10-31';

/** Throws TemplateError for a macro that is not there. */
export function knownTransforms(names: readonly string[]): void {
  const unknown = names.find((name) => name !== LANGUAGE_EXTENSIONS && name !== SERVERLESS);
  if (unknown !== undefined) throw new TemplateError(`No transform named ${unknown} found.`);
}

export interface TransformRequest {
  readonly given: Readonly<Record<string, string>>;
  readonly stack: StackIdentity;
}

/** The template as plain CloudFormation. Throws TemplateError. */
export function applyTransforms(content: PlainObject, request: TransformRequest): PlainObject {
  const names = readTransforms(content);
  knownTransforms(names);
  if (names.length === 0) return content;
  const declared = isObject(content['Parameters']) ? content['Parameters'] : {};
  const declarations = Object.fromEntries(
    Object.entries(declared).map(([key, value]) => [key, isObject(value) ? value : {}]),
  );
  const { values } = bindParameters(declarations, request.given);
  let processed = content;
  // AWS runs LanguageExtensions before Serverless, wherever it stands in the list.
  if (names.includes(LANGUAGE_EXTENSIONS)) processed = expandLoops(processed, values);
  if (names.includes(SERVERLESS)) processed = runSam(processed, values, request.stack);
  return processed;
}

function runSam(
  content: PlainObject,
  values: ReadonlyMap<string, ParameterValue>,
  stack: StackIdentity,
): PlainObject {
  try {
    const { template } = transformSam(content, {
      parameters: Object.fromEntries(values),
      region: stack.region,
      partition: 'aws',
    });
    // Its functions are evaluated later, so the mark that they may be used has to stay.
    return readTransforms(content).includes(LANGUAGE_EXTENSIONS)
      ? { ...template, Transform: LANGUAGE_EXTENSIONS }
      : template;
  } catch (error) {
    if (!(error instanceof SamError)) throw error;
    throw new TemplateError(`Transform ${SERVERLESS} failed with: ${error.message}`, {
      kind: 'transform',
    });
  }
}
