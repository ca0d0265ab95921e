// The contract between the CloudFormation API, which keeps stacks, and the deploy layer, which makes them.
import type { Random } from '../base/random.ts';
import type { Call, Scope } from './call.ts';
import type { Exchange, Properties, Until } from './resources.ts';

/** Plugged in by the composition root; implemented by `deploy/template-engine.ts`. Keeps no state. */
export interface TemplateEngine {
  /** Types with a handler, sorted. */
  readonly resourceTypes: readonly string[];
  /** What a template declares, before any value is known. Throws TemplateError. */
  inspect(body: string): TemplateSummary;
  /** Transforms, checks and binds a template to its parameters. Throws TemplateError. */
  prepare(source: TemplateSource, stack: StackIdentity): PreparedTemplate;
  /** Takes back what operation `run.operationId` did, newest first. Call it again after a crash. */
  undo(run: StackRun): Promise<RunOutcome>;
  /**
   * Deletes resources that are no longer wanted: `what` is every resource of the stack, or only what
   * operation `run.operationId` left behind (replaced generations, logical ids gone from the template).
   */
  remove(run: StackRun, what: RemovalRequest): Promise<RunOutcome>;
}

export interface RemovalRequest {
  readonly scope: 'everything' | 'left-behind';
  /** Logical ids that are forgotten without a delete (`DeleteStack` with `RetainResources`). */
  readonly retain?: readonly string[];
}

export interface TemplateSource {
  /** JSON or YAML as given. */
  readonly body: string;
  /** Values by parameter key; defaults are filled in by `prepare`. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface StackIdentity extends Scope {
  readonly stackName: string;
  readonly stackId: string;
  readonly notificationArns: readonly string[];
}

export interface TemplateParameter {
  readonly key: string;
  readonly type: string;
  readonly defaultValue?: string;
  readonly description?: string;
  readonly noEcho: boolean;
  readonly allowedValues?: readonly string[];
}

export type Capability = 'CAPABILITY_IAM' | 'CAPABILITY_NAMED_IAM' | 'CAPABILITY_AUTO_EXPAND';

export interface TemplateSummary {
  readonly description?: string;
  /** `AWSTemplateFormatVersion`. */
  readonly version?: string;
  /** The Metadata section as JSON. */
  readonly metadata?: string;
  readonly parameters: readonly TemplateParameter[];
  readonly resources: readonly { readonly logicalId: string; readonly type: string }[];
  readonly declaredTransforms: readonly string[];
  /** Strongest of the IAM capabilities that the template asks for, without transforms. */
  readonly capabilities: readonly Capability[];
  readonly capabilitiesReason?: string;
}

/** A parameter bound to its value. */
export interface BoundParameter {
  readonly key: string;
  readonly value: string;
  readonly noEcho: boolean;
}

export interface PreparedTemplate {
  /** After transforms; equal to the given body when there were none. */
  readonly processedBody: string;
  /** Of the processed template; `declaredTransforms` are those of the original. */
  readonly summary: TemplateSummary;
  readonly parameters: readonly BoundParameter[];
  /** What applying it would do to a stack in this state. Throws TemplateError. */
  plan(view: StackView): StackPlan;
  /** Names of exports that it reads, as far as they are known before the deployment, sorted. */
  imports(view: StackView): readonly string[];
  /** Creates and updates until the stack's resources match. Call it again after a crash: it resumes. */
  apply(run: StackRun): Promise<ApplyOutcome>;
}

/** What is known of a stack's resources and of the exports around it. */
export interface StackView {
  readonly records: readonly ResourceRecord[];
  /** Value of an export of this account and region. */
  exportValue(name: string): string | undefined;
}

export interface StackPlan {
  readonly changes: readonly PlannedChange[];
  /** Outputs as far as they are known before the deployment. */
  readonly outputs: readonly StackOutput[];
}

export interface PlannedChange {
  readonly action: 'Add' | 'Modify' | 'Remove';
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId?: string;
  /** Present for `Modify`. */
  readonly replacement?: 'True' | 'False' | 'Conditional';
  /** For `Remove` and for `Modify` that replaces: what becomes of the old one. */
  readonly policyAction?: 'Delete' | 'Retain' | 'ReplaceAndDelete' | 'ReplaceAndRetain';
  readonly details: readonly PlannedDetail[];
}

export interface PlannedDetail {
  readonly attribute: 'Properties' | 'DeletionPolicy' | 'UpdateReplacePolicy' | 'Metadata';
  /** Top-level property. */
  readonly name?: string;
  readonly requiresRecreation: 'Never' | 'Conditionally' | 'Always';
  /** `Static`: the new value is known now. `Dynamic`: it follows from another resource. */
  readonly evaluation: 'Static' | 'Dynamic';
  readonly changeSource:
    'ParameterReference' | 'ResourceReference' | 'ResourceAttribute' | 'DirectModification';
  /** Logical id, `ID.Attribute` or parameter that causes the change. */
  readonly causingEntity?: string;
}

export type ResourceAction = 'CREATE' | 'UPDATE' | 'DELETE';
export type ResourceStatus =
  `${ResourceAction}_${'IN_PROGRESS' | 'COMPLETE' | 'FAILED'}` | 'DELETE_SKIPPED';

export type DeletionPolicy = 'Delete' | 'Retain' | 'RetainExceptOnCreate';

/** A resource as it exists: one logical id may have two while it is being replaced. */
export interface ResourceGeneration {
  readonly type: string;
  readonly physicalId: string;
  /** Resolved properties in force. */
  readonly properties: Properties;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Random part of generated names; kept so that a retry finds the same name. */
  readonly nameToken: string;
  readonly dependsOn: readonly string[];
  readonly deletionPolicy: DeletionPolicy;
  readonly updateReplacePolicy: DeletionPolicy;
}

/** What an operation is doing, or did, to a resource. */
export interface ResourceChange {
  readonly operationId: string;
  /** `drop`: gone from the template, waiting as `previous` for the cleanup. */
  readonly kind: 'create' | 'update' | 'replace' | 'keep' | 'drop';
  /** `started`: the outcome is not known. A crash leaves it so, and the next run finds out. */
  readonly state: 'started' | 'done' | 'failed';
  /** What is being made, physical id still unknown. */
  readonly intended: Omit<ResourceGeneration, 'physicalId' | 'attributes'>;
  /** Physical ids that the handler's `candidates` gave before the first attempt: not made by it. */
  readonly existing?: readonly string[];
  /** A create that failed at its first call: what bears the name is someone else's. */
  readonly madeNothing?: true;
}

/** The durable record of one logical id. The CloudFormation API stores it and hands it back. */
export interface ResourceRecord {
  readonly logicalId: string;
  readonly type: string;
  readonly status: ResourceStatus;
  readonly statusReason?: string;
  /** The resource in force; absent until created and once deleted. */
  readonly current?: ResourceGeneration;
  /** The one in force before the operation; taken back by `undo`, deleted by `remove` when replaced. */
  readonly previous?: ResourceGeneration;
  readonly change?: ResourceChange;
}

/** One line of a stack's event log. */
export interface ResourceEvent {
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
  readonly status: ResourceStatus;
  readonly statusReason?: string;
  /** JSON of the resolved properties. */
  readonly properties?: string;
}

/** What one run of the engine on a stack needs; the CloudFormation API supplies it. */
export interface StackRun extends StackView {
  readonly stack: StackIdentity;
  /** Same for every run of one stack operation, crashes included. */
  readonly operationId: string;
  /** Keeps the record, or forgets it when `record` is undefined, and logs the event: one transaction. */
  save(change: {
    readonly logicalId: string;
    readonly record: ResourceRecord | undefined;
    readonly event?: ResourceEvent;
  }): Promise<void>;
  readonly call: Call;
  /** Waits on the cloud's clock without counting as work in flight. */
  sleep(delayMs: number): Promise<void>;
  readonly until: Until;
  readonly exchange: Exchange;
  readonly random: Random;
  /** `aws:cloudformation:*` and the stack's own. */
  readonly stackTags: Readonly<Record<string, string>>;
  /** True once the operation has been cancelled: start nothing new. */
  cancelled(): boolean;
}

export type RunOutcome =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** Logical ids that failed, e.g. for `The following resource(s) failed to create: [A, B]. `. */
      readonly failed: readonly { readonly logicalId: string; readonly action: ResourceAction }[];
      readonly cancelled: boolean;
    };

export type ApplyOutcome =
  | { readonly ok: true; readonly outputs: readonly StackOutput[] }
  | Extract<RunOutcome, { ok: false }>;

export interface StackOutput {
  readonly key: string;
  /** Absent in a plan when it follows from a resource that does not exist yet. */
  readonly value?: string;
  readonly description?: string;
  readonly exportName?: string;
}

/** The template, its parameters or what they ask for is wrong. The message is AWS's where AWS has one. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  /** `transform`: a macro refused it. `where`: `line:column` in the body, when known. */
  readonly kind: 'validation' | 'transform';
  readonly where: string | undefined;

  constructor(
    message: string,
    options: { readonly kind?: 'validation' | 'transform'; readonly where?: string } = {},
  ) {
    super(message);
    this.kind = options.kind ?? 'validation';
    this.where = options.where;
  }
}
