// AutoPublishAlias: a version for every change of the code, and an alias that points to the newest.
import { make, toTemplate } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import type { SamContext } from './context.ts';
import { hashedId } from './logical-id.ts';
import { inherited } from './read-properties.ts';
import type { Declared } from './read-properties.ts';
import { resourceProblem } from './sam-error.ts';
import { getAtt, isFilled, isSet, mapOr, ref, referredId } from './values.ts';
import type { JsonMap } from './values.ts';

export interface Publishing {
  readonly version: CfnResource;
  readonly alias: CfnResource;
  readonly aliasName: string;
}

export function publishAlias(
  context: SamContext,
  declared: Declared,
  lambda: CfnResource,
): Publishing {
  const { logicalId, properties } = declared;
  const aliasName = resolveAliasName(context, declared);
  const sha256 = isFilled(properties['AutoPublishCodeSha256'])
    ? readSha256(context, declared, lambda)
    : undefined;
  const version = makeVersion(context, { declared, lambda, sha256 });
  if (!/^(?!^[0-9]+$)([a-zA-Z0-9\-_]+)$/.test(aliasName)) {
    throw resourceProblem(
      logicalId,
      aliasName === ''
        ? 'Alias name is required to create an alias'
        : `AutoPublishAlias name ('${aliasName}') must contain only alphanumeric characters, hyphens, or underscores ` +
            'matching (?!^[0-9]+$)([a-zA-Z0-9-_]+) pattern.',
    );
  }
  const provisioned = properties['ProvisionedConcurrencyConfig'];
  const alias = make({
    logicalId: `${logicalId}Alias${aliasName.replaceAll('-', 'D').replaceAll('_', 'U')}`,
    type: 'AWS::Lambda::Alias',
    attributes: inherited(declared.attributes),
    properties: {
      Name: aliasName,
      FunctionName: ref(logicalId),
      FunctionVersion: getAtt(version.logicalId, 'Version'),
      ProvisionedConcurrencyConfig: isFilled(provisioned) ? provisioned : undefined,
    },
  });
  return { version, alias, aliasName };
}

function resolveAliasName(context: SamContext, { logicalId, properties }: Declared): string {
  const name = context.resolve(properties['AutoPublishAlias']);
  if (typeof name === 'string') return name;
  throw resourceProblem(
    logicalId,
    "'AutoPublishAlias' must be a string or a Ref to a template parameter",
  );
}

/** Lambda makes no version when code and settings are as before, so the hash goes into the description. */
function readSha256(
  context: SamContext,
  { logicalId, properties }: Declared,
  lambda: CfnResource,
): string {
  const sha256 = context.resolve(properties['AutoPublishCodeSha256']);
  if (typeof sha256 !== 'string')
    throw resourceProblem(logicalId, 'AutoPublishCodeSha256 must be a string');
  const description = context.resolve(properties['Description']);
  const isText = !isFilled(description) || typeof description === 'string';
  if (!isText) lambda.properties['Description'] = { 'Fn::Join': [' ', [description, sha256]] };
  else
    lambda.properties['Description'] = isFilled(description)
      ? `${String(description)} ${sha256}`
      : sha256;
  return sha256;
}

interface VersionMaking {
  readonly declared: Declared;
  readonly lambda: CfnResource;
  readonly sha256: string | undefined;
}

function makeVersion(
  context: SamContext,
  { declared, lambda, sha256 }: VersionMaking,
): CfnResource {
  const { logicalId, properties } = declared;
  const code = context.resolve(lambda.properties['Code'] as JsonMap);
  const data = isFilled(properties['AutoPublishAliasAllProperties'])
    ? allProperties(context, lambda)
    : codeAndSettings(code, lambda);
  const attributes = inherited(declared.attributes);
  if (!('DeletionPolicy' in attributes)) {
    const fallback = isSet(properties['CapacityProviderConfig']) ? 'Delete' : 'Retain';
    attributes['DeletionPolicy'] = properties['VersionDeletionPolicy'] ?? fallback;
  }
  const prefix = `${logicalId}Version`;
  const isScaled =
    isSet(properties['CapacityProviderConfig']) && isSet(properties['FunctionScalingConfig']);
  return make({
    logicalId:
      sha256 === undefined || sha256 === '' ? hashedId(prefix, data) : prefix + sha256.slice(0, 10),
    type: 'AWS::Lambda::Version',
    attributes,
    properties: {
      FunctionName: ref(logicalId),
      Description: properties['VersionDescription'],
      FunctionScalingConfig: isScaled ? properties['FunctionScalingConfig'] : undefined,
    },
  });
}

function codeAndSettings(code: JsonMap, { properties }: CfnResource): JsonMap {
  const { Environment: environment, MemorySize: memory, SnapStart: snapStart } = properties;
  const appliesOn = mapOr(snapStart)['ApplyOn'];
  return {
    ...code,
    ...mapOr(environment),
    ...(isFilled(memory) ? { MemorySize: memory } : {}),
    ...(isFilled(snapStart) && (appliesOn ?? 'None') !== 'None' ? { SnapStart: snapStart } : {}),
  };
}

/** The function's properties, and those of its layers that ask for it. */
function allProperties(context: SamContext, lambda: CfnResource): JsonMap {
  const data = { ...mapOr(toTemplate(lambda)['Properties']) };
  const layers = lambda.properties['Layers'];
  for (const layer of Array.isArray(layers) ? (layers as unknown[]) : []) {
    const id = referredId(layer);
    const properties = id === undefined ? undefined : mapOr(context.output[id])['Properties'];
    if (id !== undefined && isFilled(mapOr(properties)['PublishLambdaVersion']))
      data[id] = properties;
  }
  return data;
}
