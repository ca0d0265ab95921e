// PublishVersion, ListVersionsByFunction, and the aliases that point at versions.
import { randomUuid } from '../../../base/random.ts';
import type { ReadTx } from '../../../base/store.ts';
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import {
  aliasExists,
  aliasNotFound,
  functionNotFound,
  invalidParameter,
  staleRevision,
} from '../errors.ts';
import { type FunctionReference, functionArn, parseFunctionReference } from '../function-reference.ts';
import { pageOf } from '../page.ts';
import { presentAlias, presentConfiguration } from '../present.ts';
import { presentPublished, publishLatest } from '../publishing.ts';
import { refuseUnsupported } from '../rules.ts';
import { dropProvisioned, moveProvisioned } from './provisioned-concurrency.ts';
import {
  type AliasRecord,
  type FunctionRecord,
  aliases,
  functionKey,
  getFunction,
  listAliases as readAliases,
  listVersions,
  versions,
} from '../store.ts';

async function requireFunction(view: ReadTx, reference: FunctionReference): Promise<FunctionRecord> {
  const record = await getFunction(view, reference.scope, reference.name);
  if (record === undefined) throw functionNotFound(functionArn(reference.scope, reference.name));
  return record;
}

export async function publishVersion(
  input: InputOf<'lambda', 'PublishVersion'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'PublishVersion'>> {
  refuseUnsupported({ PublishTo: input.PublishTo });
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  return context.store.transact(async (tx) => {
    const record = await requireFunction(tx, reference);
    const { latest } = record;
    if (input.RevisionId !== undefined && input.RevisionId !== latest.revisionId) throw staleRevision();
    if (input.CodeSha256 !== undefined && input.CodeSha256 !== latest.code.sha256) {
      throw invalidParameter(
        `CodeSHA256 (${input.CodeSha256}) is different from current CodeSHA256 in $LATEST (${latest.code.sha256}). Please try again with the CodeSHA256 in $LATEST.`,
      );
    }
    const published = await publishLatest(tx, { ...context, ...reference.scope }, { record, description: input.Description });
    return presentPublished(reference.scope, record, published);
  });
}

export async function listVersionsByFunction(
  input: InputOf<'lambda', 'ListVersionsByFunction'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListVersionsByFunction'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  return context.store.read(async (view) => {
    const { latest } = await requireFunction(view, reference);
    const all = [latest, ...(await listVersions(view, reference.scope, reference.name))];
    const { items, next } = pageOf(all, input);
    const Versions = items.map((version) =>
      presentConfiguration(reference.scope, version, version.version),
    );
    return { Versions, ...next };
  });
}

export async function createAlias(
  input: InputOf<'lambda', 'CreateAlias'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'CreateAlias'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const name = input.Name ?? '';
  return context.store.transact(async (tx) => {
    await requireFunction(tx, reference);
    const key = [...functionKey(reference.scope, reference.name), name];
    if ((await aliases.get(tx, key)) !== undefined) {
      throw aliasExists(functionArn(reference.scope, reference.name, name));
    }
    const alias: AliasRecord = {
      name,
      functionVersion: input.FunctionVersion ?? '',
      description: input.Description ?? '',
      weights: { ...input.RoutingConfig?.AdditionalVersionWeights },
      revisionId: randomUuid(context.random),
    };
    await checkAlias(tx, reference, alias);
    aliases.put(tx, key, alias);
    return presentAlias(reference.scope, reference.name, alias);
  });
}

export async function updateAlias(
  input: InputOf<'lambda', 'UpdateAlias'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'UpdateAlias'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  return context.store.transact(async (tx) => {
    const previous = await requireAlias(tx, reference, input.Name ?? '');
    if (input.RevisionId !== undefined && input.RevisionId !== previous.revisionId) throw staleRevision();
    const alias: AliasRecord = {
      name: previous.name,
      functionVersion: input.FunctionVersion ?? previous.functionVersion,
      description: input.Description ?? previous.description,
      weights: input.RoutingConfig === undefined
        ? previous.weights
        : { ...input.RoutingConfig.AdditionalVersionWeights },
      revisionId: randomUuid(context.random),
    };
    await checkAlias(tx, reference, alias);
    await moveProvisioned(tx, context, { reference, alias });
    aliases.put(tx, [...functionKey(reference.scope, reference.name), alias.name], alias);
    return presentAlias(reference.scope, reference.name, alias);
  });
}

export async function getAlias(
  input: InputOf<'lambda', 'GetAlias'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'GetAlias'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  const alias = await context.store.read((view) => requireAlias(view, reference, input.Name ?? ''));
  return presentAlias(reference.scope, reference.name, alias);
}

export async function listAliases(
  input: InputOf<'lambda', 'ListAliases'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'ListAliases'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  return context.store.read(async (view) => {
    await requireFunction(view, reference);
    const wanted = input.FunctionVersion;
    const all = (await readAliases(view, reference.scope, reference.name)).filter(
      (alias) => wanted === undefined || alias.functionVersion === wanted || wanted in alias.weights,
    );
    const { items, next } = pageOf(all, input);
    return {
      Aliases: items.map((alias) => presentAlias(reference.scope, reference.name, alias)),
      ...next,
    };
  });
}

export async function deleteAlias(
  input: InputOf<'lambda', 'DeleteAlias'>,
  context: RequestContext,
): Promise<OutputOf<'lambda', 'DeleteAlias'>> {
  const reference = parseFunctionReference(input.FunctionName ?? '', undefined, context);
  await context.store.transact(async (tx) => {
    await requireFunction(tx, reference);
    // AWS: deleting an alias that is not there succeeds.
    aliases.delete(tx, [...functionKey(reference.scope, reference.name), input.Name ?? '']);
    await dropProvisioned(tx, context, { ...reference, qualifier: input.Name ?? '' });
  });
  return {};
}

async function requireAlias(
  view: ReadTx,
  { scope, name }: FunctionReference,
  aliasName: string,
): Promise<AliasRecord> {
  const alias = await aliases.get(view, [...functionKey(scope, name), aliasName]);
  if (alias === undefined) throw aliasNotFound(functionArn(scope, name, aliasName));
  return alias;
}

/** The versions exist, the weight is a share, and `$LATEST` takes no part in weighted routing. */
async function checkAlias(view: ReadTx, reference: FunctionReference, alias: AliasRecord): Promise<void> {
  const { scope, name } = reference;
  const weights = Object.entries(alias.weights);
  if (weights.length > 1) {
    throw invalidParameter('Number of items in AdditionalVersionWeights cannot be greater than 1');
  }
  for (const [version] of weights) {
    if (version === alias.functionVersion) {
      throw invalidParameter(
        `Invalid function version ${version}. Function version ${version} is already included in routing configuration.`,
      );
    }
    if (version === '$LATEST' || alias.functionVersion === '$LATEST') {
      throw invalidParameter('$LATEST is not supported for an alias pointing to more than 1 version');
    }
  }
  for (const version of [alias.functionVersion, ...weights.map(([key]) => key)]) {
    if (version === '$LATEST') continue;
    const found = await versions.get(view, [...functionKey(scope, name), Number(version)]);
    if (found === undefined) throw functionNotFound(functionArn(scope, name, version));
  }
}
