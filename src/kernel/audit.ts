// Audit: one CloudTrail-shaped event per management call, kept in the store.
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { type Random, randomUuid } from '../base/random.ts';
import type { ReadTx, Store } from '../base/store.ts';
import type { Principal, Scope } from './context.ts';
import { table } from './table.ts';

/** The members of a CloudTrail record that we know. Source: CloudTrail record contents, version 1.11. */
export interface AuditEvent {
  readonly eventVersion: '1.11';
  readonly eventID: string;
  readonly eventTime: string;
  readonly eventSource: string;
  readonly eventName: string;
  readonly awsRegion: string;
  readonly recipientAccountId: string;
  readonly requestID: string;
  readonly sourceIPAddress: string;
  readonly userAgent: string;
  readonly userIdentity: Readonly<Record<string, unknown>>;
  readonly readOnly: boolean;
  readonly managementEvent: true;
  readonly eventType: 'AwsApiCall';
  readonly errorCode?: string;
  readonly errorMessage?: string;
  /** What full access control would have decided on: action and principal. */
  readonly additionalEventData?: Readonly<Record<string, unknown>>;
}

export interface AuditedCall extends Scope {
  readonly service: string;
  readonly operation: string;
  readonly requestId: string;
  readonly principal: Principal;
  readonly sourceIp: string;
  readonly userAgent: string;
  readonly decision?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Keyed `[account, region, sequence]`. */
const events = table<AuditEvent>('kernel/audit');
/** CloudTrail's event history reaches back 90 days. */
const BATCH_MAX = 256;

export interface Audit {
  record(call: AuditedCall): void;
  /** Resolves when everything recorded so far is in the store. */
  flush(): Promise<void>;
}

/** Events are written behind the response, in batches: a crash may lose the last few, never a reply. */
export function createAudit(options: {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): Audit {
  let pending: { readonly scope: Scope; readonly event: AuditEvent }[] = [];
  let writing: Promise<void> | undefined;

  async function drain(): Promise<void> {
    while (pending.length > 0) {
      const batch = pending.slice(0, BATCH_MAX);
      pending = pending.slice(BATCH_MAX);
      await options.store.transact(async (tx) => {
        for (const { scope, event } of batch) events.append(tx, [scope.account, scope.region], event);
      });
    }
  }

  return {
    record(call) {
      const scope = { account: call.account, region: call.region };
      pending.push({ scope, event: auditEvent(call, options) });
      writing ??= Promise.resolve()
        .then(drain)
        .catch((error: unknown) => options.log.error('audit events could not be kept', error))
        .finally(() => {
          writing = undefined;
        });
    },
    async flush() {
      await writing;
    },
  };
}

/** The newest events first. */
export async function listAuditEvents(view: ReadTx, scope: Scope, limit: number): Promise<AuditEvent[]> {
  const rows = await events.list(view, [scope.account, scope.region], { limit, reverse: true });
  return rows.map((row) => row.value);
}

function auditEvent(call: AuditedCall, { clock, random }: { clock: Clock; random: Random }): AuditEvent {
  return {
    eventVersion: '1.11',
    eventID: randomUuid(random),
    eventTime: new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
    eventSource: `${call.service}.amazonaws.com`,
    eventName: call.operation,
    awsRegion: call.region,
    recipientAccountId: call.account,
    requestID: call.requestId,
    sourceIPAddress: call.sourceIp,
    userAgent: call.userAgent,
    userIdentity: userIdentity(call.principal),
    readOnly: /^(Describe|Get|List|Head|Lookup|Validate|Filter|Batch(Get|Check))/.test(call.operation),
    managementEvent: true,
    eventType: 'AwsApiCall',
    ...(call.error === undefined ? {} : { errorCode: call.error.code, errorMessage: call.error.message }),
    ...(call.decision === undefined ? {} : { additionalEventData: call.decision }),
  };
}

function userIdentity(principal: Principal): Readonly<Record<string, unknown>> {
  switch (principal.kind) {
    case 'root':
      return { type: 'Root', accountId: principal.account, arn: `arn:aws:iam::${principal.account}:root` };
    case 'user':
      return {
        type: 'IAMUser',
        accountId: principal.account,
        arn: principal.arn,
        principalId: principal.userId,
      };
    case 'role':
      return {
        type: 'AssumedRole',
        accountId: principal.account,
        arn: principal.arn,
        principalId: principal.userId,
        sessionContext: { sessionIssuer: { type: 'Role', arn: principal.roleArn } },
      };
    case 'service':
      return { type: 'AWSService', invokedBy: principal.service };
    case 'anonymous':
      return { type: 'AWSAccount', principalId: '', accountId: 'ANONYMOUS_PRINCIPAL' };
  }
}
