// What deploying a template would change: the content of a change set.
import { isDeepStrictEqual } from 'node:util';
import type { Properties, ResourceHandler } from '../kernel/resources.ts';
import { TemplateError } from '../kernel/templates.ts';
import type {
  DeletionPolicy,
  PlannedChange,
  PlannedDetail,
  ResourceGeneration,
  ResourceRecord,
  StackOutput,
  StackPlan,
  StackView,
} from '../kernel/templates.ts';
import type { BoundTemplate, ResourceValues } from './bind-template.ts';
import { Pending, pendingSources } from './evaluate.ts';
import { isObject } from './parse-template.ts';
import { textOf } from './parameters.ts';
import { conform } from './shape.ts';
import type { ResourceModel } from './template-model.ts';

/** Throws TemplateError for what CloudFormation refuses before it starts, such as a changed type. */
export function planStack(template: BoundTemplate, view: StackView): StackPlan {
  const records = new Map(view.records.map((record) => [record.logicalId, record]));
  refuseTypeChanges(template, records);
  const replaced = new Set<string>();
  const values = planningValues(template, { records, replaced, view });
  const changes: PlannedChange[] = [];
  for (const logicalId of inDependencyOrder(template)) {
    const resource = template.active.get(logicalId);
    if (resource === undefined) continue;
    const change = planResource(template, {
      resource,
      current: records.get(logicalId)?.current,
      values,
    });
    if (change === undefined) continue;
    if (change.replacement === 'True') replaced.add(logicalId);
    changes.push(change);
  }
  for (const record of records.values()) {
    if (template.active.has(record.logicalId) || record.current === undefined) continue;
    changes.push(planRemoval(record.logicalId, record.current));
  }
  return { changes, outputs: computeOutputs(template, values) };
}

/** Logical ids, each after all it depends on; otherwise in the template's order. */
function inDependencyOrder(template: BoundTemplate): string[] {
  const ordered = new Set<string>();
  const visit = (logicalId: string): void => {
    if (ordered.has(logicalId)) return;
    for (const needed of template.dependencies.get(logicalId) ?? []) visit(needed);
    ordered.add(logicalId);
  };
  for (const logicalId of template.active.keys()) visit(logicalId);
  return [...ordered];
}

interface Planning {
  readonly records: ReadonlyMap<string, ResourceRecord>;
  readonly replaced: ReadonlySet<string>;
  readonly view: StackView;
}

/** Values of resources that stay are known; those of new and replaced ones are pending. */
function planningValues(
  template: BoundTemplate,
  { records, replaced, view }: Planning,
): ResourceValues {
  const kept = (logicalId: string): ResourceGeneration | undefined =>
    replaced.has(logicalId) ? undefined : records.get(logicalId)?.current;
  return {
    ref: (logicalId) =>
      template.active.has(logicalId)
        ? (kept(logicalId)?.physicalId ?? new Pending([logicalId]))
        : undefined,
    attribute: (logicalId, name) =>
      kept(logicalId)?.attributes[name] ?? new Pending([`${logicalId}.${name}`]),
    exportValue: (name) => view.exportValue(name),
  };
}

function refuseTypeChanges(
  template: BoundTemplate,
  records: ReadonlyMap<string, ResourceRecord>,
): void {
  const changed = [...template.active.values()].filter(({ logicalId, type }) => {
    const current = records.get(logicalId)?.current;
    return current !== undefined && current.type !== type;
  });
  if (changed.length === 0) return;
  const names = changed.map(({ logicalId }) => logicalId).join(', ');
  throw new TemplateError(
    'Update of resource type is not permitted. The new template modifies resource type of the following ' +
      `resources: [${names}]`,
  );
}

interface ResourcePlanning {
  readonly resource: ResourceModel;
  readonly current: ResourceGeneration | undefined;
  readonly values: ResourceValues;
}

function planResource(
  template: BoundTemplate,
  { resource, current, values }: ResourcePlanning,
): PlannedChange | undefined {
  const { logicalId, type } = resource;
  const handler = template.handlerOf(type);
  const properties = computeProperties(template, resource, values);
  if (current === undefined) return { action: 'Add', logicalId, type, details: [] };
  const details = changedProperties(current.properties, properties).map((name) =>
    describeChange(template, { resource, handler, name, after: properties[name] }),
  );
  const policies = readPolicies(template, resource, values);
  if (details.length === 0 && !policiesDiffer(current, policies)) return undefined;
  if (policies.deletionPolicy !== current.deletionPolicy)
    details.push(policyDetail('DeletionPolicy'));
  if (policies.updateReplacePolicy !== current.updateReplacePolicy) {
    details.push(policyDetail('UpdateReplacePolicy'));
  }
  const replacement = details.some((detail) => detail.requiresRecreation === 'Always')
    ? 'True'
    : details.some((detail) => detail.requiresRecreation === 'Conditionally')
      ? 'Conditional'
      : 'False';
  return {
    action: 'Modify',
    logicalId,
    type,
    physicalId: current.physicalId,
    replacement,
    details,
    ...(replacement === 'True'
      ? {
          policyAction:
            current.updateReplacePolicy === 'Delete' ? 'ReplaceAndDelete' : 'ReplaceAndRetain',
        }
      : {}),
  };
}

function policyDetail(attribute: 'DeletionPolicy' | 'UpdateReplacePolicy'): PlannedDetail {
  return {
    attribute,
    requiresRecreation: 'Never',
    evaluation: 'Static',
    changeSource: 'DirectModification',
  };
}

/** Resolved properties, coerced by the type's shape where they fit it. */
function computeProperties(
  template: BoundTemplate,
  resource: ResourceModel,
  values: ResourceValues,
): Properties {
  const computed = template.compute(resource.properties, values);
  const properties = isObject(computed) ? computed : {};
  const result = conform(properties, template.handlerOf(resource.type).shape);
  return result.ok ? result.properties : properties;
}

/** Top-level properties that differ. */
export function changedProperties(before: Properties, after: Properties): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !isDeepStrictEqual(before[name], after[name]));
}

export function needsReplacement(handler: ResourceHandler, changed: readonly string[]): boolean {
  return (
    changed.length > 0 &&
    (handler.update === undefined || changed.some((name) => handler.replaceOn.includes(name)))
  );
}

interface PropertyPlanning {
  readonly resource: ResourceModel;
  readonly handler: ResourceHandler;
  readonly name: string;
  readonly after: unknown;
}

function describeChange(
  template: BoundTemplate,
  { resource, handler, name, after }: PropertyPlanning,
): PlannedDetail {
  const [source] = pendingSources(after);
  const replaces = needsReplacement(handler, [name]);
  const [parameter] = template.parametersIn(resource.properties[name]);
  const common = { attribute: 'Properties', name } as const;
  if (source !== undefined) {
    return {
      ...common,
      requiresRecreation: replaces ? 'Always' : 'Never',
      evaluation: 'Dynamic',
      changeSource: source.includes('.') ? 'ResourceAttribute' : 'ResourceReference',
      causingEntity: source,
    };
  }
  return {
    ...common,
    requiresRecreation: replaces ? 'Always' : 'Never',
    evaluation: 'Static',
    changeSource: parameter === undefined ? 'DirectModification' : 'ParameterReference',
    ...(parameter === undefined ? {} : { causingEntity: parameter }),
  };
}

function planRemoval(logicalId: string, current: ResourceGeneration): PlannedChange {
  return {
    action: 'Remove',
    logicalId,
    type: current.type,
    physicalId: current.physicalId,
    policyAction: current.deletionPolicy === 'Delete' ? 'Delete' : 'Retain',
    details: [],
  };
}

export interface Policies {
  readonly deletionPolicy: DeletionPolicy;
  readonly updateReplacePolicy: DeletionPolicy;
}

export function readPolicies(
  template: BoundTemplate,
  resource: ResourceModel,
  values: ResourceValues,
): Policies {
  return {
    deletionPolicy: toPolicy(template.compute(resource.deletionPolicy, values), resource),
    updateReplacePolicy: toPolicy(template.compute(resource.updateReplacePolicy, values), resource),
  };
}

function toPolicy(value: unknown, resource: ResourceModel): DeletionPolicy {
  switch (value) {
    case undefined:
      return 'Delete';
    case 'Delete':
    case 'Retain':
    case 'RetainExceptOnCreate':
      return value;
    case 'Snapshot':
      throw new TemplateError(
        `Template error: resource type ${resource.type} does not support deletion policy Snapshot`,
      );
    default:
      throw new TemplateError(
        `Template error: Unrecognized DeletionPolicy ${textOf(value)} for resource ${resource.logicalId}`,
      );
  }
}

function policiesDiffer(current: Policies, next: Policies): boolean {
  return (
    current.deletionPolicy !== next.deletionPolicy ||
    current.updateReplacePolicy !== next.updateReplacePolicy
  );
}

/** Outputs by key; a value that is pending is left out. Throws TemplateError when a value is not text. */
export function computeOutputs(template: BoundTemplate, values: ResourceValues): StackOutput[] {
  return template.activeOutputs.map((output) => {
    const value = template.compute(output.value, values);
    const exportName = template.compute(output.exportName, values);
    return {
      key: output.key,
      ...(value instanceof Pending ? {} : { value: outputText(output.key, value) }),
      ...(output.description === undefined ? {} : { description: output.description }),
      ...(typeof exportName === 'string' ? { exportName } : {}),
    };
  });
}

function outputText(key: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  // Lists of text are joined by commas when a parameter of a list type is put out.
  throw new TemplateError(
    `Template format error: The Value field of every Outputs member must evaluate to a String. [${key}]`,
  );
}
