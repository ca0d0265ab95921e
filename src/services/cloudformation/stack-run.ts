// Gives the template engine what it needs to work on a stack: records kept durably, calls made as the deployer.
import type { Principal, WorkContext } from '../../kernel/context.ts';
import type { Exchange, Until } from '../../kernel/resources.ts';
import type { StackIdentity, StackRun } from '../../kernel/templates.ts';
import { randomText } from '../../base/random.ts';
import { logEvent } from './events.ts';
import { RESPONSE_PATH } from './response-route.ts';
import {
  cancellations,
  listExports,
  listResources,
  resources,
  responseTopic,
  responses,
} from './store.ts';
import type { StackOperation, StackRow, StackTarget } from './store.ts';

export function identityOf(
  context: WorkContext,
  stack: Pick<StackRow, 'stackName' | 'stackId'>,
  notificationArns: readonly string[] = [],
): StackIdentity {
  const { account, region } = context;
  return { account, region, stackName: stack.stackName, stackId: stack.stackId, notificationArns };
}

function tagsOf(stack: StackRow, target: StackTarget | undefined): Record<string, string> {
  return {
    ...target?.tags,
    'aws:cloudformation:stack-name': stack.stackName,
    'aws:cloudformation:stack-id': stack.stackId,
  };
}

/** Throws once the cloud stops; the operation goes on when it starts again. */
export async function openRun(
  context: WorkContext,
  stack: StackRow,
  operation: StackOperation,
): Promise<StackRun> {
  const { account, region, store, clock } = context;
  const key = [account, region, stack.stackId];
  const loaded = await store.read(async (view) => ({
    rows: await listResources(view, context, stack.stackId),
    exported: await listExports(view, context),
    cancellation: await cancellations.get(view, key),
  }));
  const exported = new Map(loaded.exported.map(({ name, value }) => [name, value]));
  let isCancelled = loaded.cancellation?.operationId === operation.id;
  const principal = deployer(operation);
  return {
    stack: identityOf(context, stack, operation.target.notificationArns),
    operationId: operation.id,
    records: loaded.rows.map(({ record }) => record),
    exportValue: (name) => exported.get(name),
    async save({ logicalId, record, event }) {
      context.signal.throwIfAborted();
      const cancellation = await store.transact(async (tx) => {
        const at = [...key, logicalId];
        if (record === undefined) resources.delete(tx, at);
        else resources.put(tx, at, { record, updatedMs: clock.now() });
        if (event !== undefined) logEvent(tx, context, { stack, event });
        return cancellations.get(tx, key);
      });
      isCancelled = cancellation?.operationId === operation.id;
    },
    call: (service, name, input, options) =>
      context.call(service, name, input, { as: principal, ...options }),
    sleep: (delayMs) => context.activity.park(clock.sleep(delayMs, context.signal)),
    until: untilIn(context),
    random: context.random,
    exchange: exchangeIn(context),
    stackTags: tagsOf(stack, operation.target),
    cancelled: () =>
      isCancelled || (operation.deadlineMs !== undefined && clock.now() >= operation.deadlineMs),
  };
}

/** The stack's role when it has one, else whoever asked for the operation. */
function deployer({ target, principal }: StackOperation): Principal {
  if (target.roleArn === undefined) return principal;
  const [, , , , account = principal.account, resource = ''] = target.roleArn.split(':');
  const session = 'AWSCloudFormation';
  return {
    kind: 'role',
    account,
    roleArn: target.roleArn,
    arn: `arn:aws:sts::${account}:assumed-role/${resource.split('/').at(-1) ?? ''}/${session}`,
    userId: `AROACLOUDFORMATION000:${session}`,
  };
}

function untilIn(context: WorkContext): Until {
  return async (topic, check, timeoutMs) => {
    const deadlineMs = context.clock.now() + timeoutMs;
    for (;;) {
      // Listening starts before the check, so that a change between the two is not missed.
      const change = listenOnce(context, topic, deadlineMs);
      try {
        context.signal.throwIfAborted();
        const answer = await context.store.read(check);
        if (answer !== undefined) return answer;
        if (context.clock.now() >= deadlineMs) return undefined;
        await context.activity.park(change.happened);
      } finally {
        change.stop();
      }
    }
  };
}

const TOKEN_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

function exchangeIn(context: WorkContext): Exchange {
  const { account, region, store, endpoint, random } = context;
  return async (send, timeoutMs) => {
    const token = randomText(random, 40, TOKEN_ALPHABET);
    const key = [account, region, token];
    await store.transact(async (tx) => responses.put(tx, key, {}));
    try {
      await send(`${endpoint}${RESPONSE_PATH}${account}/${region}/${token}`, token);
      const until = untilIn(context);
      return await until(
        responseTopic(token),
        async (view) => (await responses.get(view, key))?.body,
        timeoutMs,
      );
    } finally {
      if (!context.signal.aborted) await store.transact(async (tx) => responses.delete(tx, key));
    }
  };
}

/** Resolves at the next commit that notifies `topic`, or at the deadline; rejects when the cloud stops. */
function listenOnce(
  context: WorkContext,
  topic: string,
  deadlineMs: number,
): { readonly happened: Promise<void>; stop(): void } {
  const { store, clock, signal } = context;
  let stop = (): void => {};
  const happened = new Promise<void>((resolve, reject) => {
    const unlisten = store.listen(topic, resolve);
    const cancel = clock.schedule(deadlineMs, resolve);
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    stop = () => {
      unlisten();
      cancel();
      signal.removeEventListener('abort', abort);
    };
  });
  // Nobody waits any more when the check has answered first.
  happened.catch(() => {});
  return { happened, stop: () => stop() };
}
