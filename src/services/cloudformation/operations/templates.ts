// Reads of templates: GetTemplate, GetTemplateSummary, ValidateTemplate.
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { TemplateSummary } from '../../../kernel/templates.ts';
import { changeSetMissing, stackIdMissing, stackMissing, validationError } from '../errors.ts';
import { findChangeSet } from '../find-change-set.ts';
import { findStack } from '../store.ts';
import type { StackTarget } from '../store.ts';
import { checked, loadTemplate } from '../template-source.ts';

export async function getTemplate(
  input: InputOf<'cloudformation', 'GetTemplate'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'GetTemplate'>> {
  const target = await findTarget(input, context);
  const stage = input.TemplateStage ?? 'Original';
  return {
    TemplateBody: stage === 'Processed' ? target.processedBody : target.body,
    StagesAvailable: ['Original', 'Processed'],
  };
}

async function findTarget(
  input: InputOf<'cloudformation', 'GetTemplate'>,
  context: RequestContext,
): Promise<StackTarget> {
  const { StackName: name, ChangeSetName: changeSetName } = input;
  if (changeSetName !== undefined) {
    const found = await context.store.read((view) =>
      findChangeSet(view, context, { changeSetName, stackName: name }),
    );
    if (found === undefined) throw changeSetMissing(changeSetName);
    return found.target;
  }
  const stack = await context.store.read((view) => findStack(view, context, name ?? ''));
  if (stack === undefined) throw stackIdMissing(name ?? '');
  if (stack.target === undefined)
    throw validationError(`Template for stack ${stack.stackName} does not exist`);
  return stack.target;
}

type Summary = OutputOf<'cloudformation', 'GetTemplateSummary'>;

export async function getTemplateSummary(
  input: InputOf<'cloudformation', 'GetTemplateSummary'>,
  context: RequestContext,
): Promise<Summary> {
  const { StackName: name } = input;
  if (input.StackSetName !== undefined)
    throw validationError('StackSetName: stack sets are not supported here.');
  let body: string;
  if (name === undefined) {
    body = await loadTemplate(input, context);
  } else {
    const stack = await context.store.read((view) => findStack(view, context, name));
    if (stack?.target === undefined) throw stackMissing(name);
    body = stack.target.body;
  }
  const summary = checked(() => context.ports.templates.inspect(body));
  return {
    ...capabilitiesOf(summary),
    Description: summary.description,
    Version: summary.version,
    Metadata: summary.metadata,
    Parameters: summary.parameters.map((parameter) => ({
      ParameterKey: parameter.key,
      ParameterType: parameter.type,
      DefaultValue: parameter.defaultValue,
      NoEcho: parameter.noEcho,
      Description: parameter.description,
      ParameterConstraints:
        parameter.allowedValues === undefined
          ? {}
          : { AllowedValues: [...parameter.allowedValues] },
    })),
    ResourceTypes: [...new Set(summary.resources.map(({ type }) => type))],
    DeclaredTransforms: [...summary.declaredTransforms],
  };
}

export async function validateTemplate(
  input: InputOf<'cloudformation', 'ValidateTemplate'>,
  context: RequestContext,
): Promise<OutputOf<'cloudformation', 'ValidateTemplate'>> {
  const body = await loadTemplate(input, context);
  const summary = checked(() => context.ports.templates.inspect(body));
  return {
    ...capabilitiesOf(summary),
    Description: summary.description,
    Parameters: summary.parameters.map((parameter) => ({
      ParameterKey: parameter.key,
      DefaultValue: parameter.defaultValue,
      NoEcho: parameter.noEcho,
      Description: parameter.description,
    })),
    DeclaredTransforms: [...summary.declaredTransforms],
  };
}

function capabilitiesOf(
  summary: TemplateSummary,
): Pick<Summary, 'Capabilities' | 'CapabilitiesReason'> {
  const expand = summary.declaredTransforms.length > 0;
  return {
    Capabilities: [
      ...summary.capabilities,
      ...(expand ? (['CAPABILITY_AUTO_EXPAND'] as const) : []),
    ],
    CapabilitiesReason: summary.capabilitiesReason,
  };
}
