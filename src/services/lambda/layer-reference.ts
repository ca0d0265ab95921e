// The ways to name a layer and its versions, and who may use those of another account.
import type { ReadTx } from '../../base/store.ts';
import type { Scope, WorkContext } from '../../kernel/context.ts';
import { layerForbidden } from './errors.ts';
import { layerPolicies } from './store.ts';

export interface LayerReference {
  readonly scope: Scope;
  readonly name: string;
}

export interface LayerVersionReference extends LayerReference {
  readonly version: number;
}

const LAYER = /^arn:aws[a-z-]*:lambda:([^:]+):(\d{12}):layer:([a-zA-Z0-9-_]+)$/;
const LAYER_VERSION = /^(arn:aws[a-z-]*:lambda:[^:]+:\d{12}:layer:[a-zA-Z0-9-_]+):(\d+)$/;

/** A name is one of the caller's; an ARN says whose it is. */
export function parseLayerReference(text: string, scope: Scope): LayerReference {
  const parts = LAYER.exec(text);
  if (parts === null) return { scope: { account: scope.account, region: scope.region }, name: text };
  const [, region = '', account = '', name = ''] = parts;
  return { scope: { account, region }, name };
}

/** `arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION`, or undefined when it is not one. */
export function parseLayerVersionArn(arn: string): LayerVersionReference | undefined {
  const parts = LAYER_VERSION.exec(arn);
  if (parts === null) return undefined;
  const [, layer = '', version] = parts;
  const [, region = '', account = '', name = ''] = LAYER.exec(layer) ?? [];
  return { scope: { account, region }, name, version: Number(version) };
}

export function layerArn({ scope, name }: LayerReference, version?: number): string {
  const suffix = version === undefined ? '' : `:${version}`;
  return `arn:aws:lambda:${scope.region}:${scope.account}:layer:${name}${suffix}`;
}

export function layerVersionKey({ scope, name, version }: LayerVersionReference): readonly (string | number)[] {
  return [scope.account, scope.region, name, version];
}

/**
 * Refuses what the owner of the layer version has not permitted.
 * Differs: nobody belongs to an organization here, so statements for one permit nobody.
 */
export async function checkLayerAccess(
  view: ReadTx,
  reference: LayerVersionReference,
  context: Pick<WorkContext, 'account' | 'principal'>,
): Promise<void> {
  if (reference.scope.account === context.account) return;
  const policy = await layerPolicies.get(view, layerVersionKey(reference));
  const root = `arn:aws:iam::${context.account}:root`;
  const permits = policy?.statements.some(
    ({ Principal, Condition }) =>
      Condition === undefined &&
      (Principal === '*' || Principal['AWS'] === root),
  );
  if (permits === true) return;
  const who = 'arn' in context.principal ? context.principal.arn : root;
  throw layerForbidden(who, 'lambda:GetLayerVersion', layerArn(reference, reference.version));
}
