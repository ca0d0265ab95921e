// From a reference (name, version, alias) to the version that runs.
import type { ReadTx } from '../../base/store.ts';
import type { Random } from '../../base/random.ts';
import type { Scope } from '../../kernel/context.ts';
import { functionNotFound, invalidParameter } from './errors.ts';
import { type FunctionReference, functionArn, isVersion } from './function-reference.ts';
import {
  type AliasRecord,
  type FunctionRecord,
  type FunctionVersion,
  type LayerUse,
  aliases,
  functionKey,
  getFunction,
  layerVersions,
  versions,
} from './store.ts';

export interface ResolvedFunction {
  readonly scope: Scope;
  readonly record: FunctionRecord;
  readonly version: FunctionVersion;
}

/** The version a reference means. With `random`, a weighted alias draws one of its two versions. */
export async function resolveFunction(
  view: ReadTx,
  reference: FunctionReference,
  random?: Random,
): Promise<ResolvedFunction> {
  const { scope, name, qualifier } = reference;
  const record = await getFunction(view, scope, name);
  if (record === undefined) throw functionNotFound(functionArn(scope, name, qualifier));
  const version = await resolveVersion(view, { record, reference, random });
  return { scope, record, version };
}

async function resolveVersion(
  view: ReadTx,
  request: {
    readonly record: FunctionRecord;
    readonly reference: FunctionReference;
    readonly random: Random | undefined;
  },
): Promise<FunctionVersion> {
  const { record, reference, random } = request;
  const { scope, name, qualifier = '$LATEST' } = reference;
  if (qualifier === '$LATEST') return record.latest;
  let number = qualifier;
  if (!isVersion(qualifier)) {
    const alias = await aliases.get(view, [...functionKey(scope, name), qualifier]);
    if (alias === undefined) throw functionNotFound(functionArn(scope, name, qualifier));
    number = chooseVersion(alias, random);
    if (number === '$LATEST') return record.latest;
  }
  const version = await versions.get(view, [...functionKey(scope, name), Number(number)]);
  if (version === undefined) throw functionNotFound(functionArn(scope, name, qualifier));
  return version;
}

/** The alias's main version, or the additional one with the probability of its weight. */
function chooseVersion(alias: AliasRecord, random: Random | undefined): string {
  const [additional] = Object.entries(alias.weights);
  if (additional === undefined || random === undefined) return alias.functionVersion;
  const [version, weight] = additional;
  return random.next() < weight ? version : alias.functionVersion;
}

/** The layer versions that a function is to use; all exist, in the function's region. */
export async function resolveLayers(
  view: ReadTx,
  arns: readonly string[],
  { region }: Scope,
): Promise<LayerUse[]> {
  const uses: LayerUse[] = [];
  for (const arn of arns) {
    const parsed = parseLayerVersionArn(arn);
    if (parsed === undefined) throw invalidParameter(`Layer version ${arn} does not exist.`);
    const { scope, name, version } = parsed;
    if (scope.region !== region) {
      throw invalidParameter(
        `Layers are not in the same region as the function. Layers are expected to be in region ${region}.`,
      );
    }
    const layer = await layerVersions.get(view, [scope.account, scope.region, name, version]);
    if (layer === undefined) throw invalidParameter(`Layer version ${arn} does not exist.`);
    uses.push({ arn, code: layer.code });
  }
  return uses;
}

export interface LayerReference {
  readonly scope: Scope;
  readonly name: string;
  readonly version: number;
}

/** `arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION`, or undefined when it is not one. */
export function parseLayerVersionArn(arn: string): LayerReference | undefined {
  const parts = /^arn:aws[a-z-]*:lambda:([^:]+):(\d{12}):layer:([a-zA-Z0-9-_]+):(\d+)$/.exec(arn);
  if (parts === null) return undefined;
  const [, region = '', account = '', name = '', version] = parts;
  return { scope: { account, region }, name, version: Number(version) };
}
