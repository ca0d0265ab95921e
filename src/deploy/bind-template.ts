// Binds a template to parameters and stack: which resources exist, what they depend on, how to compute values.
import type { ResourceHandler } from '../kernel/resources.ts';
import { TemplateError } from '../kernel/templates.ts';
import type { StackIdentity } from '../kernel/templates.ts';
import { NO_VALUE, evaluate, unresolved } from './evaluate.ts';
import type { Environment } from './evaluate.ts';
import { findCycle } from './graph.ts';
import type { Graph } from './graph.ts';
import { bindParameters } from './parameters.ts';
import type { BoundParameters } from './parameters.ts';
import { isObject } from './parse-template.ts';
import { referencesIn } from './references.ts';
import type { OutputModel, ResourceModel, TemplateModel } from './template-model.ts';

export type Handlers = ReadonlyMap<string, ResourceHandler>;

/** How the values of resources are found while an expression is computed. */
export interface ResourceValues {
  /** What `Ref` gives, Pending while it does not exist; undefined: not in this template. */
  ref(logicalId: string): unknown;
  attribute(logicalId: string, name: string): unknown;
  exportValue(name: string): string | undefined;
}

export interface BoundTemplate {
  readonly model: TemplateModel;
  readonly parameters: BoundParameters;
  /** Resources whose condition holds, by logical id, in the template's order. */
  readonly active: ReadonlyMap<string, ResourceModel>;
  readonly activeOutputs: readonly OutputModel[];
  readonly dependencies: Graph;
  handlerOf(type: string): ResourceHandler;
  compute(value: unknown, values: ResourceValues): unknown;
  /** Parameters that a value mentions. */
  parametersIn(value: unknown): string[];
}

export interface BindRequest {
  readonly model: TemplateModel;
  readonly given: Readonly<Record<string, string>>;
  readonly stack: StackIdentity;
  readonly handlers: Handlers;
}

/** Throws TemplateError for anything wrong that can be told without making a resource. */
export function bindTemplate({ model, given, stack, handlers }: BindRequest): BoundTemplate {
  if (Object.keys(model.rules).length > 0) {
    throw new TemplateError('Template format error: the Rules section is not supported here');
  }
  const parameters = bindParameters(model.parameters, given);
  refuseUnknownTypes(model, handlers);
  checkReferences(model);
  refuseDynamicReferences(model);
  const base = baseEnvironment(model, parameters, stack);
  for (const name of Object.keys(model.conditions)) base.condition(name);
  const active = new Map(
    Object.entries(model.resources).filter(([, { condition }]) => isOn(condition, base)),
  );
  const activeOutputs = Object.values(model.outputs).filter(({ condition }) =>
    isOn(condition, base),
  );
  const dependencies = dependenciesOf(model, active, base);
  checkActiveReferences(model, { active, outputs: activeOutputs, base });
  const cycle = findCycle(dependencies);
  if (cycle !== undefined) {
    throw new TemplateError(`Circular dependency between resources: [${cycle.join(', ')}]`);
  }
  return {
    model,
    parameters,
    active,
    activeOutputs,
    dependencies,
    handlerOf: (type) => findHandler(handlers, type) ?? unknownTypes([type]),
    compute: (value, values) => evaluate(value, { ...base, ...values }),
    parametersIn: (value) =>
      referencesIn(value, (name) => base.condition(name))
        .map(({ name }) => name)
        .filter((name) => parameters.values.has(name)),
  };
}

function isOn(condition: string | undefined, base: Environment): boolean {
  return condition === undefined || base.condition(condition);
}

/** Custom types share one handler, when there is one. */
export function findHandler(handlers: Handlers, type: string): ResourceHandler | undefined {
  return handlers.get(type.startsWith('Custom::') ? 'AWS::CloudFormation::CustomResource' : type);
}

function refuseUnknownTypes(model: TemplateModel, handlers: Handlers): void {
  const types = new Set(Object.values(model.resources).map(({ type }) => type));
  const unknown = [...types].filter((type) => findHandler(handlers, type) === undefined);
  if (unknown.length > 0) unknownTypes(unknown);
}

function unknownTypes(types: readonly string[]): never {
  throw new TemplateError(
    `Template format error: Unrecognized resource types: [${types.join(', ')}]`,
  );
}

/** The environment without resources: parameters, pseudo parameters, mappings and conditions. */
function baseEnvironment(
  model: TemplateModel,
  parameters: BoundParameters,
  stack: StackIdentity,
): Environment {
  const decided = new Map<string, boolean>();
  const deciding = new Set<string>();
  const environment: Environment = {
    parameters: parameters.values,
    mappings: model.mappings,
    languageExtensions: model.transforms.includes('AWS::LanguageExtensions'),
    pseudo: {
      'AWS::AccountId': stack.account,
      'AWS::NotificationARNs': stack.notificationArns,
      'AWS::NoValue': NO_VALUE,
      'AWS::Partition': 'aws',
      'AWS::Region': stack.region,
      'AWS::StackId': stack.stackId,
      'AWS::StackName': stack.stackName,
      'AWS::URLSuffix': 'amazonaws.com',
    },
    condition(name) {
      const known = decided.get(name);
      if (known !== undefined) return known;
      if (!Object.hasOwn(model.conditions, name)) throw unresolvedCondition(name);
      if (deciding.has(name)) {
        throw new TemplateError(
          `Template error: Circular dependencies in conditions: [${[...deciding].join(', ')}]`,
        );
      }
      deciding.add(name);
      const value = evaluate(model.conditions[name], environment);
      deciding.delete(name);
      if (typeof value !== 'boolean') {
        throw new TemplateError(
          `Template format error: Every Conditions member must be a condition function: ${name} is not.`,
        );
      }
      decided.set(name, value);
      return value;
    },
    ref: refuseResource,
    attribute: refuseResource,
    exportValue: () => undefined,
  };
  return environment;
}

function refuseResource(logicalId: string): never {
  throw new TemplateError(
    `Template format error: Unresolved dependencies [${logicalId}]. ` +
      'Cannot reference resources in the Conditions block of the template',
  );
}

function unresolvedCondition(name: string): TemplateError {
  return new TemplateError(`Template error: unresolved condition dependency ${name}`);
}

/** Every name that the template mentions exists in it, whatever the conditions say. */
function checkReferences(model: TemplateModel): void {
  const both = (): undefined => undefined;
  for (const { logicalId, properties, dependsOn, condition, deletionPolicy } of Object.values(
    model.resources,
  )) {
    const mentioned = [
      ...referencesIn([properties, deletionPolicy], both),
      ...dependsOn.map((name) => ({ name })),
    ];
    checkNames(model, mentioned, 'Resources');
    if (condition !== undefined && !Object.hasOwn(model.conditions, condition)) {
      throw new TemplateError(
        `Template format error: Unresolved condition dependency ${condition} in the Resources block ` +
          `of the template: ${logicalId}`,
      );
    }
  }
  for (const { value, exportName, condition } of Object.values(model.outputs)) {
    checkNames(model, referencesIn([value, exportName], both), 'Outputs');
    if (condition !== undefined && !Object.hasOwn(model.conditions, condition)) {
      throw new TemplateError(
        `Template format error: Unresolved condition dependency ${condition} in the Outputs block of the template`,
      );
    }
  }
}

interface Mention {
  readonly name: string;
  readonly attribute?: string;
}

function checkNames(model: TemplateModel, mentioned: readonly Mention[], section: string): void {
  const missing = mentioned.filter(({ name, attribute }) => {
    const isResource = Object.hasOwn(model.resources, name);
    return attribute === undefined
      ? !isResource && !Object.hasOwn(model.parameters, name)
      : !isResource;
  });
  const [first] = missing;
  if (first === undefined) return;
  if (first.attribute !== undefined) {
    throw new TemplateError(
      `Template error: instance of Fn::GetAtt references undefined resource ${first.name}`,
    );
  }
  throw unresolved([...new Set(missing.map(({ name }) => name))], section);
}

function dependenciesOf(
  model: TemplateModel,
  active: ReadonlyMap<string, ResourceModel>,
  base: Environment,
): Graph {
  const decide = (name: string): boolean => base.condition(name);
  const graph = new Map<string, readonly string[]>();
  for (const { logicalId, properties, dependsOn } of active.values()) {
    const mentioned = referencesIn(properties, decide)
      .map(({ name }) => name)
      .filter((name) => Object.hasOwn(model.resources, name));
    // AWS: a DependsOn on a resource whose condition is false is ignored.
    const explicit = dependsOn.filter((name) => active.has(name));
    graph.set(logicalId, [...new Set([...mentioned, ...explicit])]);
  }
  return graph;
}

/** What is made mentions only what is made. */
function checkActiveReferences(
  model: TemplateModel,
  {
    active,
    outputs,
    base,
  }: {
    readonly active: ReadonlyMap<string, ResourceModel>;
    readonly outputs: readonly OutputModel[];
    readonly base: Environment;
  },
): void {
  const decide = (name: string): boolean => base.condition(name);
  const isMissing = (name: string): boolean =>
    Object.hasOwn(model.resources, name) && !active.has(name);
  for (const { properties } of active.values()) {
    const missing = referencesIn(properties, decide)
      .map(({ name }) => name)
      .filter(isMissing);
    if (missing.length > 0) throw unresolved([...new Set(missing)], 'Resources');
  }
  for (const { value, exportName } of outputs) {
    const missing = referencesIn([value, exportName], decide)
      .map(({ name }) => name)
      .filter(isMissing);
    if (missing.length > 0) throw unresolved([...new Set(missing)], 'Outputs');
  }
}

function refuseDynamicReferences(model: TemplateModel): void {
  for (const { logicalId, properties } of Object.values(model.resources)) {
    const found = findDynamicReference(properties);
    if (found === undefined) continue;
    throw new TemplateError(
      `Resource ${logicalId}: dynamic references are not supported here: ${found}. Pass the value as a parameter.`,
    );
  }
}

function findDynamicReference(value: unknown): string | undefined {
  if (typeof value === 'string')
    return /\{\{resolve:(?:ssm|ssm-secure|secretsmanager):[^}]*\}\}/.exec(value)?.[0];
  if (Array.isArray(value))
    return value.map(findDynamicReference).find((found) => found !== undefined);
  if (!isObject(value)) return undefined;
  return Object.values(value)
    .map(findDynamicReference)
    .find((found) => found !== undefined);
}
