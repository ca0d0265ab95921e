// What AWS's translator refuses of a function before it makes anything of it.
import type { CfnResource } from './cfn-resource.ts';
import type { Declared } from './read-properties.ts';
import { expectText } from './expect.ts';
import { resourceProblem } from './sam-error.ts';
import { isFilled, isSet, mapOr, printValue } from './values.ts';

export function checkFunction(declared: Declared): void {
  checkCombinations(declared);
  checkDeadLetterQueue(declared);
  checkTenancy(declared);
}

function checkCombinations({ logicalId, properties }: Declared): void {
  const has = (name: string): boolean => isSet(properties[name]);
  const problems: string[] = [];
  for (const other of ['ProvisionedConcurrencyConfig', 'VpcConfig']) {
    if (has('CapacityProviderConfig') && has(other)) {
      problems.push(`Cannot specify 'CapacityProviderConfig' and '${other}' together.`);
    }
  }
  for (const [name, needed] of [
    ['FunctionScalingConfig', 'CapacityProviderConfig'],
    ['VersionDeletionPolicy', 'AutoPublishAlias'],
  ] as const) {
    if (has(name) && !has(needed)) problems.push(`'${name}' requires '${needed}'.`);
  }
  if (problems.length > 0) throw resourceProblem(logicalId, problems.join('\n'));
}

function checkDeadLetterQueue({ logicalId, properties }: Declared): void {
  if (!isFilled(properties['DeadLetterQueue'])) return;
  const { Type: type, TargetArn: arn } = mapOr(properties['DeadLetterQueue']);
  if (!isFilled(type) || !isFilled(arn)) {
    throw resourceProblem(
      logicalId,
      "'DeadLetterQueue' requires Type and TargetArn properties to be specified.",
    );
  }
  const name = expectText(type, { resource: logicalId }, 'DeadLetterQueue.Type');
  if (name !== 'SQS' && name !== 'SNS') {
    throw resourceProblem(logicalId, "'DeadLetterQueue' requires Type of ['SQS', 'SNS']");
  }
}

function checkTenancy({ logicalId, properties }: Declared): void {
  if (!isFilled(properties['TenancyConfig'])) return;
  const enabled = 'is not supported for functions enabled with tenancy configuration.';
  for (const [name, words] of [
    ['ProvisionedConcurrencyConfig', 'Provisioned concurrency'],
    ['FunctionUrlConfig', 'Function URL'],
    ['SnapStart', 'SnapStart'],
  ] as const) {
    if (isFilled(properties[name])) throw resourceProblem(logicalId, `${words} ${enabled}`);
  }
  for (const event of Object.values(mapOr(properties['Events']))) {
    const type = mapOr(event)['Type'];
    if (type === 'Api' || type === 'HttpApi') continue;
    throw resourceProblem(
      logicalId,
      `Event source '${printValue(type)}' ${enabled} Only Api and HttpApi event sources are supported.`,
    );
  }
}

export function checkPackageType({ logicalId, properties }: CfnResource): void {
  const kind = isFilled(properties['PackageType']) ? properties['PackageType'] : 'Zip';
  const {
    Runtime: runtime,
    Handler: handler,
    Layers: layers,
    ImageConfig: imageConfig,
  } = properties;
  const refuse = (what: string): never => {
    throw resourceProblem(logicalId, `${what} when PackageType is of type \`${String(kind)}\``);
  };
  if (kind === 'Zip') {
    if (!isFilled(runtime) || !isFilled(handler)) refuse('Runtime and Handler needs to be present');
    if (isFilled(imageConfig)) refuse('ImageUri or ImageConfig cannot be present');
  } else if (isFilled(handler) || isFilled(runtime) || isFilled(layers)) {
    refuse('Runtime, Handler, Layers cannot be present');
  }
}
