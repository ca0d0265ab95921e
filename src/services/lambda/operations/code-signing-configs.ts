// Code signing configurations: create, get, update, delete, list.
import { randomText } from '../../../base/random.ts';
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext, Scope } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { codeSigningConfigArn, codeSigningKey, findCodeSigningConfig } from '../code-signing.ts';
import { codeSigningConfigInUse, codeSigningConfigNotFound } from '../errors.ts';
import { functionArn } from '../function-reference.ts';
import { pageOf } from '../page.ts';
import { lambdaTimestamp } from '../present.ts';
import { type CodeSigningConfig, codeSigningConfigs, functions } from '../store.ts';

type ConfigOutput = OutputOf<'lambda', 'CreateCodeSigningConfig'>;

const ID_ALPHABET = '0123456789abcdef';
/** `csc-` and this many characters. <Lambda API model, CodeSigningConfigId> */
const ID_LENGTH = 17;
const CONFIGS_MAX = 10_000;
/** Functions of one account and region are found within this bound. */
const FUNCTIONS_MAX = 100_000;

export async function createCodeSigningConfig(
  input: InputOf<'lambda', 'CreateCodeSigningConfig'>,
  context: RequestContext,
): Promise<ConfigOutput> {
  const config: CodeSigningConfig = {
    id: `csc-${randomText(context.random, ID_LENGTH, ID_ALPHABET)}`,
    ...(input.Description === undefined ? {} : { description: input.Description }),
    publishers: input.AllowedPublishers?.SigningProfileVersionArns ?? [],
    untrustedArtifacts: input.CodeSigningPolicies?.UntrustedArtifactOnDeployment ?? 'Warn',
    lastModified: lambdaTimestamp(context.nowMs),
    tags: { ...input.Tags },
  };
  await context.store.transact(async (tx) => {
    codeSigningConfigs.put(tx, [context.account, context.region, config.id], config);
  });
  return { CodeSigningConfig: present(context, config) };
}

export async function getCodeSigningConfig(
  input: InputOf<'lambda', 'GetCodeSigningConfig'>,
  context: RequestContext,
): Promise<ConfigOutput> {
  const config = await context.store.read((view) => requireConfig(view, input.CodeSigningConfigArn));
  return { CodeSigningConfig: present(context, config) };
}

export async function updateCodeSigningConfig(
  input: InputOf<'lambda', 'UpdateCodeSigningConfig'>,
  context: RequestContext,
): Promise<ConfigOutput> {
  const changed = await context.store.transact(async (tx) => {
    const previous = await requireConfig(tx, input.CodeSigningConfigArn);
    const description = input.Description ?? previous.description;
    const config: CodeSigningConfig = {
      ...previous,
      ...(description === undefined ? {} : { description }),
      publishers: input.AllowedPublishers?.SigningProfileVersionArns ?? previous.publishers,
      untrustedArtifacts:
        input.CodeSigningPolicies?.UntrustedArtifactOnDeployment ?? previous.untrustedArtifacts,
      lastModified: lambdaTimestamp(context.nowMs),
    };
    codeSigningConfigs.put(tx, keyOf(input.CodeSigningConfigArn), config);
    return config;
  });
  return { CodeSigningConfig: present(context, changed) };
}

export async function deleteCodeSigningConfig(
  input: InputOf<'lambda', 'DeleteCodeSigningConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'DeleteCodeSigningConfig'>> {
  const arn = input.CodeSigningConfigArn ?? '';
  await context.store.transact(async (tx) => {
    await requireConfig(tx, arn);
    if ((await listUsers(tx, context, arn)).length > 0) throw codeSigningConfigInUse(arn);
    codeSigningConfigs.delete(tx, keyOf(arn));
  });
  return {};
}

export async function listCodeSigningConfigs(
  input: InputOf<'lambda', 'ListCodeSigningConfigs'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListCodeSigningConfigs'>> {
  const scope = [context.account, context.region];
  const rows = await context.store.read((view) =>
    codeSigningConfigs.list(view, scope, { limit: CONFIGS_MAX }),
  );
  const { items, next } = pageOf(rows, input);
  return { CodeSigningConfigs: items.map(({ value }) => present(context, value)), ...next };
}

export async function listFunctionsByCodeSigningConfig(
  input: InputOf<'lambda', 'ListFunctionsByCodeSigningConfig'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListFunctionsByCodeSigningConfig'>> {
  const arn = input.CodeSigningConfigArn ?? '';
  const users = await context.store.read(async (view) => {
    await requireConfig(view, arn);
    return listUsers(view, context, arn);
  });
  const { items, next } = pageOf(users, input);
  return { FunctionArns: items.map((name) => functionArn(context, name)), ...next };
}

/** Names of the functions that use it. */
async function listUsers(view: ReadTx, scope: Scope, arn: string): Promise<string[]> {
  const rows = await functions.list(view, [scope.account, scope.region], { limit: FUNCTIONS_MAX });
  return rows
    .filter(({ value }) => value.codeSigningConfigArn === arn)
    .map(({ value }) => value.latest.name);
}

async function requireConfig(view: ReadTx, arn: string | undefined): Promise<CodeSigningConfig> {
  const config = await findCodeSigningConfig(view, arn ?? '');
  if (config === undefined) throw codeSigningConfigNotFound(arn ?? '');
  return config;
}

function keyOf(arn: string | undefined): readonly string[] {
  const key = codeSigningKey(arn ?? '');
  if (key === undefined) throw codeSigningConfigNotFound(arn ?? '');
  return key;
}

function present(scope: Scope, config: CodeSigningConfig): NonNullable<ConfigOutput['CodeSigningConfig']> {
  return {
    CodeSigningConfigId: config.id,
    CodeSigningConfigArn: codeSigningConfigArn(scope, config.id),
    ...(config.description === undefined ? {} : { Description: config.description }),
    AllowedPublishers: { SigningProfileVersionArns: [...config.publishers] },
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: config.untrustedArtifacts },
    LastModified: config.lastModified,
  };
}
