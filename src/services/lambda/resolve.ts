// From a reference (name, version, alias) to the version that runs.
import type { ReadTx } from '../../base/store.ts';
import type { Random } from '../../base/random.ts';
import type { Scope } from '../../kernel/context.ts';
import { functionNotFound } from './errors.ts';
import { type FunctionReference, functionArn, isVersion } from './function-reference.ts';
import {
  type AliasRecord,
  type FunctionRecord,
  type FunctionVersion,
  aliases,
  functionKey,
  getFunction,
  versions,
} from './store.ts';

export interface ResolvedFunction {
  readonly scope: Scope;
  readonly record: FunctionRecord;
  readonly version: FunctionVersion;
  /** Version or alias as the reference names it; undefined when it names none. */
  readonly qualifier: string | undefined;
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
  return { scope, record, version, qualifier };
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
