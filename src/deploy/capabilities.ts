// Which acknowledgements a template needs before CloudFormation deploys it.
import type { Capability } from '../kernel/templates.ts';
import type { TemplateModel } from './template-model.ts';

/** IAM types and the property that gives them a custom name. */
const IAM_NAMES: Readonly<Record<string, string | undefined>> = {
  'AWS::IAM::AccessKey': undefined,
  'AWS::IAM::Group': 'GroupName',
  'AWS::IAM::GroupPolicy': undefined,
  'AWS::IAM::InstanceProfile': 'InstanceProfileName',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::Policy': undefined,
  'AWS::IAM::Role': 'RoleName',
  'AWS::IAM::RolePolicy': undefined,
  'AWS::IAM::User': 'UserName',
  'AWS::IAM::UserPolicy': undefined,
  'AWS::IAM::UserToGroupAddition': undefined,
};

export interface NeededCapabilities {
  readonly capabilities: readonly Capability[];
  readonly reason?: string;
}

/** CAPABILITY_NAMED_IAM covers CAPABILITY_IAM. Transforms are not counted here. */
export function neededCapabilities(model: TemplateModel): NeededCapabilities {
  const iam = Object.values(model.resources).filter(({ type }) => Object.hasOwn(IAM_NAMES, type));
  if (iam.length === 0) return { capabilities: [] };
  const isNamed = iam.some(({ type, properties }) => {
    const name = IAM_NAMES[type];
    return name !== undefined && properties[name] !== undefined;
  });
  const types = [...new Set(iam.map(({ type }) => type))].join(', ');
  return {
    capabilities: [isNamed ? 'CAPABILITY_NAMED_IAM' : 'CAPABILITY_IAM'],
    reason: `The following resource(s) require capabilities: [${types}]`,
  };
}
