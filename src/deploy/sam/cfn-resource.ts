// A CloudFormation resource in the making.
import { checkLogicalId } from './read-properties.ts';
import { isFilled, isSet, tagList } from './values.ts';
import type { JsonMap } from './values.ts';

export interface CfnResource {
  logicalId: string;
  readonly type: string;
  readonly properties: JsonMap;
  readonly attributes: JsonMap;
  readonly dependsOn?: unknown;
}

export interface Making {
  readonly logicalId: string;
  readonly type: string;
  readonly properties?: JsonMap;
  readonly attributes?: JsonMap;
  readonly dependsOn?: unknown;
}

export function make({
  logicalId,
  type,
  properties = {},
  attributes = {},
  dependsOn,
}: Making): CfnResource {
  checkLogicalId(logicalId);
  return { logicalId, type, properties, attributes: { ...attributes }, dependsOn };
}

/** As it stands in a template; properties without a value are left out. */
export function toTemplate({ type, properties, attributes, dependsOn }: CfnResource): JsonMap {
  return {
    Type: type,
    ...(isFilled(dependsOn) ? { DependsOn: dependsOn } : {}),
    ...attributes,
    Properties: Object.fromEntries(Object.entries(properties).filter(([, value]) => isSet(value))),
  };
}

/** Types that take a list of tags in `Tags`. */
const LIST_TAGGED = new Set([
  'AWS::ApiGateway::ApiKey', 'AWS::ApiGateway::DomainName', 'AWS::ApiGateway::DomainNameAccessAssociation',
  'AWS::ApiGateway::DomainNameV2', 'AWS::ApiGateway::RestApi', 'AWS::ApiGateway::Stage',
  'AWS::ApiGateway::UsagePlan', 'AWS::AppSync::GraphQLApi', 'AWS::CloudFormation::Stack',
  'AWS::CodeDeploy::Application', 'AWS::CodeDeploy::DeploymentGroup', 'AWS::DynamoDB::Table',
  'AWS::IAM::Role', 'AWS::IoT::TopicRule', 'AWS::Lambda::CapacityProvider', 'AWS::Lambda::Function',
  'AWS::S3::Bucket', 'AWS::SNS::Topic', 'AWS::SQS::Queue', 'AWS::StepFunctions::StateMachine',
]); // prettier-ignore
/** Types that take a map. */
const MAP_TAGGED = new Set(['AWS::ApiGatewayV2::DomainName', 'AWS::ApiGatewayV2::Stage']);

/** Gives every resource that can bear tags those of the serverless resource. */
export function propagateTags(
  resources: readonly CfnResource[],
  tags: unknown,
  propagate: unknown,
): void {
  if (!isFilled(propagate) || !isFilled(tags)) return;
  for (const { type, properties } of resources) {
    if (LIST_TAGGED.has(type)) properties['Tags'] = tagList(tags);
    else if (MAP_TAGGED.has(type)) properties['Tags'] = { ...(tags as JsonMap) };
  }
}
