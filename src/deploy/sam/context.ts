// What the steps of one transform share.
import type { CfnResource } from './cfn-resource.ts';
import type { DeploymentPreferences } from './deployment-preference.ts';
import type { Resolve } from './resolve.ts';
import type { SharedUsagePlan } from './usage-plan.ts';
import type { JsonMap } from './values.ts';

export interface SamContext {
  readonly partition: string;
  /** The serverless template's resources; events and implicit APIs write into them. */
  readonly source: JsonMap;
  /** Conditions of the output; steps add theirs. Undefined when the template has none. */
  readonly conditions: JsonMap | undefined;
  readonly resolve: Resolve;
  readonly resolveMappings: Resolve;
  readonly deployments: DeploymentPreferences;
  readonly usagePlan: SharedUsagePlan;
  /** Route 53 record set groups by logical id: several domains may share one. */
  readonly recordSets: Map<string, CfnResource>;
  /** Names of the functions behind each API: a change redeploys it. */
  readonly functionNames: Map<string, string[]>;
  /** Output so far, for what looks at what others became. */
  readonly output: JsonMap;
}
