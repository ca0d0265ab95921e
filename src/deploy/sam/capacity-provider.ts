// AWS::Serverless::CapacityProvider: instances of one's own for functions to run on.
import { make } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import { inherited } from './read-properties.ts';
import type { Declared } from './read-properties.ts';
import { assumeRolePolicy, managedPolicyArn } from './role.ts';
import { resourceProblem } from './sam-error.ts';
import { getAtt, isFilled, isMap, isSet, mapOr, tagList } from './values.ts';
import type { JsonMap } from './values.ts';

type Kind = 'list' | 'integer' | 'number';

/** Members of the nested maps; any of them may be an intrinsic function instead. */
const MEMBERS: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  VpcConfig: { SecurityGroupIds: 'list', SubnetIds: 'list' },
  InstanceRequirements: { Architectures: 'list', AllowedTypes: 'list', ExcludedTypes: 'list' },
  ScalingConfig: { MaxVCpuCount: 'integer', AverageCPUUtilization: 'number' },
};

export function transformCapacityProvider(declared: Declared, partition: string): CfnResource[] {
  const { logicalId, properties } = declared;
  checkMembers(declared);
  const attributes = inherited(declared.attributes);
  const operatorRole = properties['OperatorRole'];
  const hasRole = isFilled(operatorRole);
  const roleId = `${logicalId}OperatorRole`;
  const role = make({
    logicalId: roleId,
    type: 'AWS::IAM::Role',
    attributes,
    properties: {
      AssumeRolePolicyDocument: assumeRolePolicy('lambda.amazonaws.com'),
      ManagedPolicyArns: [managedPolicyArn(partition, 'AWSLambdaManagedEC2ResourceOperator')],
      Tags: tagList({
        'lambda:createdBy': 'SAM',
        ...(isFilled(properties['PropagateTags']) ? mapOr(properties['Tags']) : {}),
      }),
    },
  });
  const filled = (name: string): unknown =>
    isFilled(properties[name]) ? properties[name] : undefined;
  const provider = make({
    logicalId,
    type: 'AWS::Lambda::CapacityProvider',
    attributes: { ...declared.attributes, ...attributes },
    dependsOn: declared.dependsOn,
    properties: {
      CapacityProviderName: filled('CapacityProviderName'),
      VpcConfig: rename(mapOr(properties['VpcConfig']), {
        SubnetIds: 'SubnetIds',
        SecurityGroupIds: 'SecurityGroupIds',
      }),
      PermissionsConfig: {
        CapacityProviderOperatorRoleArn: hasRole ? operatorRole : getAtt(roleId, 'Arn'),
      },
      Tags: tagList({ ...mapOr(properties['Tags']), 'lambda:createdBy': 'SAM' }),
      InstanceRequirements: isFilled(properties['InstanceRequirements'])
        ? rename(mapOr(properties['InstanceRequirements']), {
            Architectures: 'Architectures',
            AllowedTypes: 'AllowedInstanceTypes',
            ExcludedTypes: 'ExcludedInstanceTypes',
          })
        : undefined,
      CapacityProviderScalingConfig: isFilled(properties['ScalingConfig'])
        ? scaling(mapOr(properties['ScalingConfig']))
        : undefined,
      KmsKeyArn: filled('KmsKeyArn'),
    },
  });
  return [...(hasRole ? [] : [role]), provider];
}

function rename(from: JsonMap, names: Readonly<Record<string, string>>): JsonMap {
  return Object.fromEntries(
    Object.entries(names)
      .filter(([name]) => isSet(from[name]))
      .map(([name, other]) => [other, from[name]]),
  );
}

function scaling({ MaxVCpuCount, AverageCPUUtilization: target }: JsonMap): JsonMap {
  const policy = {
    PredefinedMetricType: 'LambdaCapacityProviderAverageCPUUtilization',
    TargetValue: target,
  };
  return {
    ...(isSet(MaxVCpuCount) ? { MaxVCpuCount } : {}),
    ...(isSet(target)
      ? { ScalingMode: 'Manual', ScalingPolicies: [policy] }
      : { ScalingMode: 'Auto' }),
  };
}

/** All mistakes of the nested maps in one sentence each. */
function checkMembers({ logicalId, properties }: Declared): void {
  const problems: string[] = [];
  for (const [name, members] of Object.entries(MEMBERS)) {
    const given = properties[name];
    if (!isMap(given)) continue;
    for (const [member, kind] of Object.entries(members)) {
      const value = given[member];
      if (member === 'SubnetIds' && !isSet(value))
        problems.push(`Property '${name}.${member}' is required.`);
      if (!isSet(value) || isMap(value) || fits(value, kind)) continue;
      problems.push(`Property '${name}.${member}' value must be dictionary or ${kind}.`);
    }
    for (const member of Object.keys(given)) {
      if (!Object.hasOwn(members, member))
        problems.push(`Property '${name}.${member}' is an invalid property.`);
    }
  }
  const { AllowedTypes: allowed, ExcludedTypes: excluded } = mapOr(
    properties['InstanceRequirements'],
  );
  if (problems.length === 0 && isSet(allowed) && isSet(excluded)) {
    problems.push(
      "Cannot specify 'InstanceRequirements.AllowedTypes' and 'InstanceRequirements.ExcludedTypes' together.",
    );
  }
  if (problems.length > 0) throw resourceProblem(logicalId, problems.join(' '));
}

function fits(value: unknown, kind: Kind): boolean {
  if (kind === 'list') return Array.isArray(value);
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || Number.isNaN(number)) return false;
  return kind === 'number' || Number.isInteger(number);
}
