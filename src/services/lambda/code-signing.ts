// Code signing: which configuration a function's archives answer to, and whether they may be deployed.
import type { ReadTx } from '../../base/store.ts';
import type { Scope } from '../../kernel/context.ts';
import { codeNotTrusted, codeSigningConfigAbsent } from './errors.ts';
import { functionArn } from './function-reference.ts';
import { type CodeSigningConfig, codeSigningConfigs } from './store.ts';

const ARN = /^arn:aws[a-z-]*:lambda:([a-z0-9-]+):(\d{12}):code-signing-config:(csc-[a-z0-9]{17})$/;

export function codeSigningConfigArn(scope: Scope, id: string): string {
  return `arn:aws:lambda:${scope.region}:${scope.account}:code-signing-config:${id}`;
}

/** The row of what an ARN names; undefined when it names no code signing configuration. */
export function codeSigningKey(arn: string): readonly string[] | undefined {
  const parts = ARN.exec(arn);
  if (parts === null) return undefined;
  const [, region = '', account = '', id = ''] = parts;
  return [account, region, id];
}

export async function findCodeSigningConfig(
  view: ReadTx,
  arn: string,
): Promise<CodeSigningConfig | undefined> {
  const key = codeSigningKey(arn);
  return key === undefined ? undefined : codeSigningConfigs.get(view, key);
}

/**
 * Whether an archive or a layer may be deployed to the function.
 * Differs: no archive counts as signed, because there is no AWS Signer here that could vouch for one.
 * So `Enforce` refuses every deployment, and `Warn` lets every one pass.
 */
export async function checkCodeSigning(
  view: ReadTx,
  target: { readonly scope: Scope; readonly name: string; readonly configArn: string | undefined },
): Promise<void> {
  const { scope, name, configArn } = target;
  if (configArn === undefined) return;
  const config = await findCodeSigningConfig(view, configArn);
  if (config === undefined) throw codeSigningConfigAbsent(configArn);
  if (config.untrustedArtifacts === 'Enforce') throw codeNotTrusted(functionArn(scope, name));
}
