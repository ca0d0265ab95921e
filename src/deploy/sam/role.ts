// Execution roles: the policies of a function or state machine become one IAM role.
import { make } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import managedPolicies from './managed-policies.json' with { type: 'json' };
import policyTemplates from './policy-templates.json' with { type: 'json' };
import { resourceProblem, templateProblem } from './sam-error.ts';
import { isFilled, isIf, isIntrinsic, isMap, isNoValue } from './values.ts';
import type { JsonMap } from './values.ts';

interface PolicyTemplate {
  readonly Parameters: readonly string[];
  readonly Definition: JsonMap;
}

const TEMPLATES: Readonly<Record<string, PolicyTemplate>> = policyTemplates;
const MANAGED: ReadonlyMap<string, string> = new Map(
  Object.entries(managedPolicies).flatMap(([path, names]) =>
    names.map((name) => [name, path + name]),
  ),
);

export function managedPolicyArn(partition: string, name: string): string {
  return `arn:${partition}:iam::aws:policy/${name}`;
}

export function assumeRolePolicy(service: string): JsonMap {
  return {
    Version: '2012-10-17',
    Statement: [{ Action: ['sts:AssumeRole'], Effect: 'Allow', Principal: { Service: [service] } }],
  };
}

/** An inline policy of one statement. */
export function inlinePolicy(name: string, action: unknown, resource: unknown): JsonMap {
  return {
    PolicyName: name,
    PolicyDocument: { Statement: [{ Action: action, Effect: 'Allow', Resource: resource }] },
  };
}

export interface RoleMaking {
  /** Of the function or state machine. */
  readonly logicalId: string;
  readonly partition: string;
  readonly attributes: JsonMap;
  readonly assumeRole: unknown;
  /** The `Policies` property, templates already written out. */
  readonly policies: unknown;
  readonly managed: readonly unknown[];
  readonly inline: readonly unknown[];
  readonly path: unknown;
  readonly boundary: unknown;
  readonly tags: unknown;
}

export function makeRole(making: RoleMaking): CfnResource {
  const { logicalId, partition, attributes, policies } = making;
  const roleId = `${logicalId}Role`;
  const managed = [...making.managed];
  const inline = [...making.inline];
  policyList(policies).forEach((policy, index) => {
    const kind = policyKind(policy);
    if (kind === 'statement') {
      const named = (document: unknown): JsonMap => ({
        PolicyName: `${roleId}Policy${index}`,
        PolicyDocument: document,
      });
      inline.push(convertBranches(policy, named));
    } else if (kind === 'managed') {
      const arn = convertBranches(policy, (name) =>
        typeof name === 'string' ? arnOf(partition, name) : name,
      );
      if (!managed.some((other) => JSON.stringify(other) === JSON.stringify(arn)))
        managed.push(arn);
    } else {
      throw resourceProblem(
        logicalId,
        `Policy at index ${index} in the 'Policies' property is not valid`,
      );
    }
  });
  return make({
    logicalId: roleId,
    type: 'AWS::IAM::Role',
    attributes,
    properties: {
      AssumeRolePolicyDocument: making.assumeRole,
      ManagedPolicyArns: managed,
      Policies: inline.length > 0 ? inline : undefined,
      Path: making.path,
      PermissionsBoundary: making.boundary,
      Tags: making.tags,
    },
  });
}

function arnOf(partition: string, name: string): string {
  const path = MANAGED.get(name);
  return path === undefined ? name : managedPolicyArn(partition, path);
}

/** Both branches of Fn::If but NoValue, or the value. */
function convertBranches(policy: unknown, convert: (value: unknown) => unknown): unknown {
  if (!isIf(policy)) return isIntrinsic(policy) ? policy : convert(policy);
  const [condition, ...branches] = policy['Fn::If'] as unknown[];
  return { 'Fn::If': [condition, ...branches.map((one) => (isNoValue(one) ? one : convert(one)))] };
}

function policyList(policies: unknown): unknown[] {
  if (!isFilled(policies)) return [];
  return Array.isArray(policies) ? policies : [policies];
}

type PolicyKind = 'managed' | 'statement' | 'template' | 'unknown';

function policyKind(policy: unknown): PolicyKind {
  if (typeof policy === 'string') return 'managed';
  if (isIf(policy)) return kindOfIf(policy['Fn::If']);
  if (isIntrinsic(policy)) return 'managed';
  if (!isMap(policy)) return 'unknown';
  if ('Statement' in policy) return 'statement';
  const [name = '', ...more] = Object.keys(policy);
  return more.length === 0 && Object.hasOwn(TEMPLATES, name) ? 'template' : 'unknown';
}

function kindOfIf(items: unknown): PolicyKind {
  if (!Array.isArray(items) || items.length !== 3)
    throw templateProblem('Fn::If requires 3 arguments');
  const [, then, otherwise] = items as unknown[];
  const [a, b] = [policyKind(then), policyKind(otherwise)];
  if (a === b) return a;
  if (isNoValue(then)) return b;
  if (isNoValue(otherwise)) return a;
  throw templateProblem(
    'Different policy types within the same Fn::If statement is unsupported. ' +
      'Separate different policy types into different Fn::If statements',
  );
}

/** Policy templates written out as statements; everything else as it stands. */
export function expandPolicyTemplates(logicalId: string, policies: unknown): unknown {
  if (!isFilled(policies)) return policies;
  return policyList(policies).map((policy) => {
    if (policyKind(policy) !== 'template') return policy;
    if (!isIf(policy)) return expandTemplate(logicalId, policy);
    const [condition, ...branches] = policy['Fn::If'] as unknown[];
    return {
      'Fn::If': [
        condition,
        ...branches.map((one) => (isNoValue(one) ? one : expandTemplate(logicalId, one))),
      ],
    };
  });
}

function expandTemplate(logicalId: string, policy: unknown): unknown {
  const [entry] = Object.entries(policy as JsonMap);
  const [name, values] = entry ?? ['', undefined];
  const template = TEMPLATES[name];
  if (template === undefined) return policy;
  if (!isMap(values)) {
    throw resourceProblem(
      logicalId,
      `Must specify valid parameter values for policy template '${name}'`,
    );
  }
  const missing = template.Parameters.filter((parameter) => !(parameter in values));
  if (missing.length > 0) {
    const names = missing.map((parameter) => `'${parameter}'`).join(', ');
    throw resourceProblem(
      logicalId,
      `Following required parameters of template '${name}' don't have values: [${names}]`,
    );
  }
  return fill(template.Definition, { template, values });
}

function fill(node: unknown, given: { template: PolicyTemplate; values: JsonMap }): unknown {
  if (Array.isArray(node)) return node.map((item: unknown) => fill(item, given));
  if (!isMap(node)) return node;
  const name = node['Ref'];
  if (typeof name === 'string' && given.template.Parameters.includes(name))
    return given.values[name];
  return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, fill(inner, given)]));
}
