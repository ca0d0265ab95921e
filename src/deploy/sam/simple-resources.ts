// AWS::Serverless::SimpleTable, LayerVersion and Application.
import { make } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import type { SamContext } from './context.ts';
import { expectSet } from './expect.ts';
import { hashedId } from './logical-id.ts';
import { inherited } from './read-properties.ts';
import type { Declared } from './read-properties.ts';
import { codeLocation } from './s3-location.ts';
import { resourceProblem } from './sam-error.ts';
import {
  clone,
  isFilled,
  isIntrinsic,
  isMap,
  isSet,
  mapOr,
  printValue,
  tagList,
} from './values.ts';

const KEY_TYPES: Readonly<Record<string, string>> = { String: 'S', Number: 'N', Binary: 'B' };

export function transformTable(declared: Declared): CfnResource {
  const { logicalId, properties } = declared;
  const key = readKey(declared);
  const filled = (name: string): unknown =>
    isFilled(properties[name]) ? properties[name] : undefined;
  return make({
    logicalId,
    type: 'AWS::DynamoDB::Table',
    attributes: declared.attributes,
    dependsOn: declared.dependsOn,
    properties: {
      AttributeDefinitions: [key],
      KeySchema: [{ AttributeName: key.AttributeName, KeyType: 'HASH' }],
      PointInTimeRecoverySpecification: filled('PointInTimeRecoverySpecification'),
      ProvisionedThroughput: filled('ProvisionedThroughput'),
      BillingMode: isFilled(properties['ProvisionedThroughput']) ? undefined : 'PAY_PER_REQUEST',
      SSESpecification: filled('SSESpecification'),
      TableName: filled('TableName'),
      Tags: isFilled(properties['Tags']) ? tagList(properties['Tags']) : undefined,
    },
  });
}

function readKey({ logicalId, properties }: Declared): {
  AttributeName: unknown;
  AttributeType: string;
} {
  if (!isFilled(properties['PrimaryKey'])) return { AttributeName: 'id', AttributeType: 'S' };
  const { Name: name, Type: type } = mapOr(properties['PrimaryKey']);
  const owner = { resource: logicalId };
  expectSet(name, owner, 'PrimaryKey.Name');
  expectSet(type, owner, 'PrimaryKey.Type');
  const letter = KEY_TYPES[String(type)];
  if (letter === undefined)
    throw resourceProblem(logicalId, `Invalid 'Type' "${printValue(type)}".`);
  return { AttributeName: name, AttributeType: letter };
}

/** A layer version never changes: its logical id holds a hash of its content, and the old one is retained. */
export function transformLayer(context: SamContext, declared: Declared): CfnResource {
  const { logicalId, properties } = declared;
  for (const name of ['LayerName', 'LicenseInfo', 'Description', 'RetentionPolicy']) {
    if (!isFilled(properties[name])) continue;
    const value = context.resolve(properties[name]);
    if (typeof value !== 'string' && !isMap(value)) {
      throw resourceProblem(
        logicalId,
        `Could not resolve parameter for '${name}' or parameter is not a String.`,
      );
    }
    properties[name] = value;
  }
  const retention = readRetention(declared);
  const {
    DeletionPolicy: _d,
    UpdateReplacePolicy: _u,
    Metadata: _m,
    ...hashed
  } = declared.attributes;
  const content = {
    [logicalId]: {
      Type: declared.type,
      ...(isFilled(declared.dependsOn) ? { DependsOn: declared.dependsOn } : {}),
      ...hashed,
      Properties: clone(
        Object.fromEntries(Object.entries(properties).filter(([, value]) => isSet(value))),
      ),
    },
  };
  const newId = hashedId(logicalId, content);
  const attributes = inherited(declared.attributes);
  attributes['DeletionPolicy'] = retention ?? attributes['DeletionPolicy'] ?? 'Retain';
  checkArchitectures(newId, properties['CompatibleArchitectures']);
  return make({
    logicalId: newId,
    type: 'AWS::Lambda::LayerVersion',
    attributes,
    dependsOn: declared.dependsOn,
    properties: {
      LayerName: isFilled(properties['LayerName']) ? properties['LayerName'] : logicalId,
      Description: properties['Description'],
      Content: codeLocation(properties['ContentUri'], newId, 'ContentUri'),
      CompatibleArchitectures: properties['CompatibleArchitectures'],
      CompatibleRuntimes: properties['CompatibleRuntimes'],
      LicenseInfo: properties['LicenseInfo'],
    },
  });
}

function readRetention({ logicalId, properties }: Declared): string | undefined {
  const given = properties['RetentionPolicy'];
  if (!isSet(given)) return undefined;
  const options = "['Retain', 'Delete']";
  if (isIntrinsic(given)) {
    throw resourceProblem(
      logicalId,
      `'RetentionPolicy' does not accept intrinsic functions, please use one of the following options: ${options}`,
    );
  }
  if (typeof given !== 'string') {
    throw resourceProblem(
      logicalId,
      `Invalid 'RetentionPolicy' type, please use one of the following options: ${options}`,
    );
  }
  const option = ['Retain', 'Delete'].find((one) => one.toLowerCase() === given.toLowerCase());
  if (option !== undefined) return option;
  throw resourceProblem(
    logicalId,
    `'RetentionPolicy' must be one of the following options: ${options}.`,
  );
}

function checkArchitectures(logicalId: string, given: unknown): void {
  if (!isFilled(given) || isIntrinsic(given)) return;
  const isKnown = (one: unknown): boolean =>
    isIntrinsic(one) || one === 'x86_64' || one === 'arm64';
  if (Array.isArray(given) && given.every(isKnown)) return;
  throw resourceProblem(
    logicalId,
    "CompatibleArchitectures needs to be a list of 'x86_64' or 'arm64'",
  );
}

/** A stack from a template of one's own. Applications of the public repository are not there. */
export function transformApplication(declared: Declared): CfnResource {
  const { logicalId, properties } = declared;
  const location = properties['Location'];
  if (typeof location !== 'string') {
    throw resourceProblem(
      logicalId,
      'Applications of the AWS Serverless Application Repository are not available here; ' +
        'give the place of a template as Location.',
    );
  }
  return make({
    logicalId,
    type: 'AWS::CloudFormation::Stack',
    attributes: inherited(declared.attributes),
    dependsOn: declared.dependsOn,
    properties: {
      TemplateURL: location,
      Parameters: properties['Parameters'],
      NotificationARNs: properties['NotificationARNs'],
      Tags: [...tagList({ 'lambda:createdBy': 'SAM' }), ...tagList(properties['Tags'])],
      TimeoutInMinutes: properties['TimeoutInMinutes'],
    },
  });
}
