// AWS::Serverless::Connector: what one resource needs to use another, written out as policies and permissions.
// Which types can be connected, and how, is data.
import { make } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import profiles from './connector-profiles.json' with { type: 'json' };
import type { SamContext } from './context.ts';
import type { Declared } from './read-properties.ts';
import { resourceProblem } from './sam-error.ts';
import { clone, isFilled, isMap, isSet, mapOr, ref, referredId } from './values.ts';
import type { JsonMap } from './values.ts';

interface Profile {
  readonly Type: string;
  readonly Properties: JsonMap;
}

const PROFILES = profiles.Permissions as unknown as Readonly<
  Record<string, Readonly<Record<string, Profile>>>
>;
const RESOURCES: Readonly<Record<string, JsonMap>> = profiles.CfnResourceProperties;

/** What a serverless type becomes. */
const PLAIN_TYPES: Readonly<Record<string, string>> = {
  'AWS::Serverless::Function': 'AWS::Lambda::Function',
  'AWS::Serverless::StateMachine': 'AWS::StepFunctions::StateMachine',
  'AWS::Serverless::Api': 'AWS::ApiGateway::RestApi',
  'AWS::Serverless::HttpApi': 'AWS::ApiGatewayV2::Api',
  'AWS::Serverless::SimpleTable': 'AWS::DynamoDB::Table',
};

/** One end of a connector. */
interface End {
  readonly logicalId: string | undefined;
  readonly type: string;
  readonly arn: unknown;
  readonly roleName: unknown;
  readonly queueUrl: unknown;
  readonly resourceId: unknown;
  readonly name: unknown;
  readonly qualifier: unknown;
}

interface Connection {
  readonly context: SamContext;
  readonly declared: Declared;
  readonly source: End;
  readonly destination: End;
  /** End of the logical ids when there are several destinations. */
  readonly suffix: string;
  readonly permissions: readonly string[];
}

export function transformConnector(context: SamContext, declared: Declared): CfnResource[] {
  const { logicalId, properties } = declared;
  const given = properties['Destination'];
  const isList = Array.isArray(given);
  const destinations = (isList ? (given as unknown[]) : [given]).map(mapOr);
  const source = mapOr(properties['Source']);
  const permissions = [...new Set((properties['Permissions'] as unknown[]).map(String))];
  const made = destinations.flatMap((destination, index) => {
    const connection: Connection = {
      context,
      declared,
      destination: readEnd(context, logicalId, { given: destination, other: source }),
      source: readEnd(context, logicalId, { given: source, other: destination }),
      suffix: isList ? `Destination${index}` : '',
      permissions,
    };
    return connect(connection).map((resource) => withMetadata(connection, resource));
  });
  if (made.length === 0) throw resourceProblem(logicalId, "'Destination' is an empty list");
  replaceDependsOn(
    context,
    logicalId,
    made.map((resource) => resource.logicalId),
  );
  return made;
}

function readEnd(
  context: SamContext,
  connectorId: string,
  { given, other }: { readonly given: JsonMap; readonly other: JsonMap },
): End {
  const refuse = (detail: string): never => {
    throw resourceProblem(connectorId, detail);
  };
  const hasOthers = Object.keys(given).some((key) => key !== 'Id' && key !== 'Qualifier');
  if ('Id' in given === hasOthers) {
    refuse(
      "Must provide 'Id' (with optional 'Qualifier') or a supported combination of other properties.",
    );
  }
  const id = given['Id'];
  if (!isFilled(id)) {
    const type = given['Type'];
    if (typeof type !== 'string' || type === '')
      return refuse("'Type' is missing or not a string.");
    return {
      logicalId: undefined,
      type: PLAIN_TYPES[type] ?? type,
      arn: given['Arn'],
      roleName: given['RoleName'],
      queueUrl: given['QueueUrl'],
      resourceId: given['ResourceId'],
      name: given['Name'],
      qualifier: given['Qualifier'],
    };
  }
  if (typeof id !== 'string') return refuse("'Id' is missing or not a string.");
  const resource = mapOr(context.output[id]);
  if (!isFilled(resource)) return refuse(`Unable to find resource with logical ID '${id}'.`);
  const type = resource['Type'];
  if (typeof type !== 'string' || type === '') return refuse("'Type' is missing or not a string.");
  const members = fill(clone(RESOURCES[type] ?? {}), { logicalId: id }, connectorId) as JsonMap;
  const outputs = mapOr(members['Outputs']);
  return {
    logicalId: id,
    type,
    arn: outputs['Arn'],
    roleName: roleOf(mapOr(members['Inputs'])['Role'], mapOr(resource['Properties']), other),
    queueUrl: outputs['Url'],
    resourceId: outputs['Id'],
    name: outputs['Name'],
    qualifier: 'Qualifier' in given ? given['Qualifier'] : outputs['Qualifier'],
  };
}

/** The role that a resource acts with, when the template holds it. */
function roleOf(input: unknown, properties: JsonMap, other: JsonMap): unknown {
  let role: unknown;
  if (typeof input === 'string') role = properties[input];
  else if (mapOr(input)['Function'] === 'GetEventsRuleRole') role = ruleRole(properties, other);
  const id = referredId(role);
  return id === undefined ? undefined : ref(id);
}

function ruleRole(properties: JsonMap, other: JsonMap): unknown {
  const targets = properties['Targets'];
  for (const target of Array.isArray(targets) ? (targets as unknown[]).map(mapOr) : []) {
    const id = referredId(target['Arn']);
    const isById = id !== undefined && id === other['Id'];
    const isByArn =
      isFilled(other['Arn']) && JSON.stringify(target['Arn']) === JSON.stringify(other['Arn']);
    if (isById || isByArn) return target['RoleArn'];
  }
  return undefined;
}

function connect(connection: Connection): CfnResource[] {
  const { declared, source, destination, permissions } = connection;
  const { logicalId } = declared;
  const profile = PROFILES[source.type]?.[destination.type];
  if (profile === undefined) {
    throw resourceProblem(
      logicalId,
      `Unable to create connector from ${source.type} to ${destination.type}; it's not supported or the template is invalid.`,
    );
  }
  checkPermissions(connection, profile);
  const values = {
    'Source.Arn': source.arn,
    'Destination.Arn': destination.arn,
    'Source.ResourceId': source.resourceId,
    'Destination.ResourceId': destination.resourceId,
    'Source.Name': source.name,
    'Destination.Name': destination.name,
    'Source.Qualifier': source.qualifier,
    'Destination.Qualifier': destination.qualifier,
  };
  const members = fill(clone(profile.Properties), values, logicalId) as JsonMap;
  const categories = Object.entries(mapOr(members['AccessCategories']))
    .filter(([name]) => permissions.includes(name))
    .map(([name, category]) => [name, mapOr(category)] as const);
  const statements = categories.flatMap(
    ([, category]) => (category['Statement'] ?? []) as unknown[],
  );
  const document = { Version: '2012-10-17', Statement: statements };
  switch (profile.Type) {
    case 'AWS_IAM_ROLE_MANAGED_POLICY':
      return [makePolicy(connection, members, document)];
    case 'AWS_SQS_QUEUE_POLICY':
      return [makeResourcePolicy(connection, members, { document, kind: 'Queue' })];
    case 'AWS_SNS_TOPIC_POLICY':
      return [makeResourcePolicy(connection, members, { document, kind: 'Topic' })];
    default:
      return categories.map(([name, category]) =>
        makePermission(connection, members, { name, category }),
      );
  }
}

function checkPermissions(
  { declared, source, destination, permissions }: Connection,
  profile: Profile,
): void {
  const { logicalId } = declared;
  const known = Object.keys(mapOr(profile.Properties['AccessCategories']));
  if (permissions.length === 0) {
    throw resourceProblem(
      logicalId,
      `'Permissions' cannot be empty; valid values are: ${known.join(', ')}.`,
    );
  }
  const unsupported = `Unsupported 'Permissions' provided for connector from ${source.type} to ${destination.type}`;
  if (permissions.some((permission) => !known.includes(permission))) {
    throw resourceProblem(logicalId, `${unsupported}; valid values are: ${known.join(', ')}.`);
  }
  const combinations = profile.Properties['ValidAccessCategories'];
  if (!isFilled(combinations)) return;
  const sortedOnes = (combinations as string[][]).map((combination) => combination.toSorted());
  const wanted = permissions.toSorted().join(' + ');
  if (sortedOnes.some((combination) => combination.join(' + ') === wanted)) return;
  const names = sortedOnes.map((combination) => combination.join(' + ')).join(', ');
  throw resourceProblem(logicalId, `${unsupported}; valid combinations are: ${names}.`);
}

/** The end that the policy is about. */
function subjectOf(
  { source, destination }: Connection,
  members: JsonMap,
): { end: End; word: string } {
  return isFilled(members['SourcePolicy'])
    ? { end: source, word: 'Source' }
    : { end: destination, word: 'Destination' };
}

function derive(
  { declared, suffix }: Connection,
  word: string,
): Omit<CfnResource, 'type' | 'properties'> {
  return {
    logicalId: `${declared.logicalId}${word}${suffix}`,
    attributes: declared.attributes,
    dependsOn: declared.dependsOn,
  };
}

function makePolicy(connection: Connection, members: JsonMap, document: JsonMap): CfnResource {
  const { context, declared, source, destination } = connection;
  const { end, word } = subjectOf(connection, members);
  if (!isFilled(end.roleName)) {
    throw resourceProblem(
      declared.logicalId,
      `Unable to get IAM role name from '${word}' resource.`,
    );
  }
  const policy = make({
    ...derive(connection, 'Policy'),
    type: 'AWS::IAM::ManagedPolicy',
    properties: { PolicyDocument: document, Roles: [end.roleName] },
  });
  if (members['DependedBy'] === 'DESTINATION_EVENT_SOURCE_MAPPING') {
    const mappings = findMappings(context, source.logicalId, destination.logicalId);
    if (mappings.length === 1) addDependsOn(mapOr(mappings[0]), [policy.logicalId]);
  }
  if (members['DependedBy'] === 'SOURCE' && source.logicalId !== undefined) {
    addDependsOn(mapOr(context.output[source.logicalId]), [policy.logicalId]);
  }
  return policy;
}

function findMappings(
  context: SamContext,
  sourceId: string | undefined,
  functionId: string | undefined,
): unknown[] {
  if (sourceId === undefined || functionId === undefined) return [];
  return Object.values(context.output).filter((resource) => {
    if (mapOr(resource)['Type'] !== 'AWS::Lambda::EventSourceMapping') return false;
    const properties = mapOr(mapOr(resource)['Properties']);
    return (
      referredId(properties['FunctionName']) === functionId &&
      referredId(properties['EventSourceArn']) === sourceId
    );
  });
}

function makeResourcePolicy(
  connection: Connection,
  members: JsonMap,
  { document, kind }: { readonly document: JsonMap; readonly kind: 'Queue' | 'Topic' },
): CfnResource {
  const { end, word } = subjectOf(connection, members);
  const target = kind === 'Queue' ? end.queueUrl : end.arn;
  if (!isFilled(target)) {
    const what = kind === 'Queue' ? 'SQS queue URL' : 'SNS topic ARN';
    throw resourceProblem(
      connection.declared.logicalId,
      `Unable to get ${what} from '${word}' resource.`,
    );
  }
  return make({
    ...derive(connection, `${kind}Policy`),
    type: kind === 'Queue' ? 'AWS::SQS::QueuePolicy' : 'AWS::SNS::TopicPolicy',
    properties: { PolicyDocument: document, [kind === 'Queue' ? 'Queues' : 'Topics']: [target] },
  });
}

function makePermission(
  connection: Connection,
  members: JsonMap,
  { name, category }: { readonly name: string; readonly category: JsonMap },
): CfnResource {
  const { end, word } = subjectOf(connection, members);
  if (!isFilled(end.arn)) {
    throw resourceProblem(
      connection.declared.logicalId,
      `Unable to get Lambda function ARN from '${word}' resource.`,
    );
  }
  return make({
    ...derive(connection, `${name}LambdaPermission`),
    type: 'AWS::Lambda::Permission',
    properties: {
      Action: category['Action'],
      FunctionName: end.arn,
      Principal: category['Principal'],
      SourceArn: category['SourceArn'],
      SourceAccount: category['SourceAccount'],
    },
  });
}

/** Says in the resource which connector it came from. */
function withMetadata(
  { context, declared, source, destination }: Connection,
  resource: CfnResource,
): CfnResource {
  const typeOf = ({ logicalId, type }: End): unknown =>
    (logicalId === undefined ? undefined : mapOr(context.source[logicalId])['Type']) ?? type;
  resource.attributes['Metadata'] = {
    ...mapOr(resource.attributes['Metadata']),
    'aws:sam:connectors': {
      [declared.logicalId]: {
        Source: { Type: typeOf(source) },
        Destination: { Type: typeOf(destination) },
      },
    },
  };
  return resource;
}

function addDependsOn(resource: JsonMap, ids: readonly string[]): void {
  const given = resource['DependsOn'] ?? [];
  resource['DependsOn'] = [
    ...new Set([...(Array.isArray(given) ? (given as unknown[]) : [given]), ...ids]),
  ];
}

/** Whatever depended on the connector depends on what it became. */
function replaceDependsOn(context: SamContext, connectorId: string, ids: readonly string[]): void {
  for (const resource of Object.values(context.output).map(mapOr)) {
    const given = resource['DependsOn'] ?? [];
    const list = Array.isArray(given) ? (given as unknown[]) : [given];
    if (!list.includes(connectorId)) continue;
    resource['DependsOn'] = list.filter((id) => id !== connectorId);
    addDependsOn(resource, ids);
  }
}

/** Puts values in place of `%{Name}`; inside a longer text through Fn::Sub. */
function fill(node: unknown, values: JsonMap, connectorId: string): unknown {
  if (Array.isArray(node)) return node.map((item: unknown) => fill(item, values, connectorId));
  if (isMap(node)) {
    return Object.fromEntries(
      Object.entries(node).map(([key, inner]) => [key, fill(inner, values, connectorId)]),
    );
  }
  if (typeof node !== 'string') return node;
  let text = node;
  const variables: JsonMap = {};
  for (const [name, value] of Object.entries(values)) {
    const pattern = `%{${name}}`;
    if (!text.includes(pattern)) continue;
    if (!isSet(value)) throw resourceProblem(connectorId, `${name} is missing.`);
    if (text === pattern) return value;
    const variable = name.replace(/[^a-zA-Z0-9]/g, '');
    text = text.replaceAll(pattern, `\${${variable}}`);
    variables[variable] = value;
  }
  if (!/\$\{.+\}/.test(text)) return text;
  return { 'Fn::Sub': isFilled(variables) ? [text, variables] : text };
}
