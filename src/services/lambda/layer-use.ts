// From the layer ARNs that a function names to the layer versions it uses.
import type { ReadTx } from '../../base/store.ts';
import type { Principal, Scope } from '../../kernel/context.ts';
import { invalidParameter } from './errors.ts';
import { checkLayerAccess, layerVersionKey, parseLayerVersionArn } from './layer-reference.ts';
import { type LayerUse, layerVersions } from './store.ts';

/** All of them exist, in the function's region, and may be used by the function's account. */
export async function resolveLayers(
  view: ReadTx,
  arns: readonly string[],
  user: Scope & { readonly principal: Principal },
): Promise<LayerUse[]> {
  const uses: LayerUse[] = [];
  for (const arn of arns) {
    const reference = parseLayerVersionArn(arn);
    if (reference === undefined) throw invalidParameter(`Layer version ${arn} does not exist.`);
    if (reference.scope.region !== user.region) {
      throw invalidParameter(
        `Layers are not in the same region as the function. Layers are expected to be in region ${user.region}.`,
      );
    }
    await checkLayerAccess(view, reference, user);
    const layer = await layerVersions.get(view, layerVersionKey(reference));
    if (layer === undefined) throw invalidParameter(`Layer version ${arn} does not exist.`);
    uses.push({ arn, code: layer.code });
  }
  return uses;
}
