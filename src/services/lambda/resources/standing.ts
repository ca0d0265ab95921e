// Waiting until what a resource made can be used, as CloudFormation does.
import { UserError } from '../../../base/errors.ts';
import type { ResourceRequest } from '../../../kernel/resources.ts';
import { STANDING_TOPIC } from '../store.ts';

const TIMEOUT_MS = 900_000;

interface Outcome {
  readonly isReady: boolean;
  readonly reason?: string | undefined;
}

/** Until a published version is active; its snapshot is made first when it has one. */
export async function awaitActive(request: ResourceRequest, FunctionName: string): Promise<void> {
  const outcome = await request.until<Outcome>(
    STANDING_TOPIC,
    async () => {
      const { State, StateReason } = await request.call('lambda', 'GetFunctionConfiguration', { FunctionName });
      if (State === 'Pending') return undefined;
      return { isReady: State !== 'Failed', reason: StateReason };
    },
    TIMEOUT_MS,
  );
  requireReady(outcome, `the version ${FunctionName} did not become active`);
}

export interface ProvisionedTarget {
  readonly FunctionName: string;
  readonly Qualifier: string;
}

/** Brings provisioned concurrency to what the template says, and waits for it; absent: there is none. */
export async function applyProvisioned(request: ResourceRequest, target: ProvisionedTarget): Promise<void> {
  const config = request.properties['ProvisionedConcurrencyConfig'] as
    | { readonly ProvisionedConcurrentExecutions?: number }
    | undefined;
  const ProvisionedConcurrentExecutions = config?.ProvisionedConcurrentExecutions;
  if (ProvisionedConcurrentExecutions === undefined) {
    await request.call('lambda', 'DeleteProvisionedConcurrencyConfig', target);
    return;
  }
  await request.call('lambda', 'PutProvisionedConcurrencyConfig', { ...target, ProvisionedConcurrentExecutions });
  const outcome = await request.until<Outcome>(
    STANDING_TOPIC,
    async () => {
      const { Status, StatusReason } = await request.call('lambda', 'GetProvisionedConcurrencyConfig', target);
      if (Status === 'IN_PROGRESS') return undefined;
      return { isReady: Status === 'READY', reason: StatusReason };
    },
    TIMEOUT_MS,
  );
  requireReady(outcome, `provisioned concurrency of ${target.FunctionName}:${target.Qualifier} is not ready`);
}

function requireReady(outcome: Outcome | undefined, problem: string): void {
  if (outcome?.isReady === true) return;
  const reason = outcome === undefined ? 'it took too long' : (outcome.reason ?? 'no reason was given');
  throw new UserError('ERR_LAMBDA_NOT_READY', `${problem}: ${reason}`);
}
