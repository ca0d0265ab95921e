// Resource handlers: how a CloudFormation type is made of its service's own public operations.
import type { ReadTx } from '../base/store.ts';
import type { Call, Scope } from './call.ts';

/** A small part of JSON Schema: enough to refuse a wrong property with its path. */
export type PropertyShape =
  | { readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'json' }
  | { readonly type: 'list'; readonly of: PropertyShape }
  | { readonly type: 'map'; readonly of: PropertyShape }
  | {
      readonly type: 'object';
      readonly properties: Readonly<Record<string, PropertyShape>>;
      readonly required?: readonly string[];
      /** Shape of members not named above. Absent: there are none. */
      readonly others?: PropertyShape;
    };

export type Properties = Readonly<Record<string, unknown>>;

export interface ResourceRequest extends Scope {
  readonly logicalId: string;
  /** As the template names it; custom types share one handler. */
  readonly type: string;
  readonly stackName: string;
  readonly stackId: string;
  /** Resolved and validated properties. Strings that hold numbers or booleans are already coerced. */
  readonly properties: Properties;
  /** Calls other operations as the deployer, with the stack's tags where it matters. */
  readonly call: Call;
  /** `aws:cloudformation:*` tags plus the stack's own, as key → value. */
  readonly stackTags: Readonly<Record<string, string>>;
  /** `STACK-LOGICALID-RANDOM` cut to the length, for resources without a name; stable on retry. */
  physicalName(maxLength: number): string;
  /** Waits on the cloud's clock (a table that becomes active…) without counting as work in flight. */
  sleep(delayMs: number): Promise<void>;
  /** See `Until`. */
  readonly until: Until;
  /** See `Exchange`. */
  readonly exchange: Exchange;
}

/**
 * Asks `check` now and after every commit that notifies `topic`, until it answers something. Does not count as
 * work in flight. Gives undefined when `timeoutMs` of the cloud's time have passed.
 */
export type Until = <T>(
  topic: string,
  check: (view: ReadTx) => Promise<T | undefined>,
  timeoutMs: number,
) => Promise<T | undefined>;

/**
 * Opens a URL that outsiders may PUT one text to, hands it to `send`, and gives what was put there; undefined
 * when `timeoutMs` have passed. Waiting does not count as work in flight.
 */
export type Exchange = (
  send: (url: string, id: string) => Promise<void>,
  timeoutMs: number,
) => Promise<string | undefined>;

export interface ResourceResult {
  /** What `Ref` gives. */
  readonly physicalId: string;
  /** What `Fn::GetAtt` gives, by attribute name (dots included). */
  readonly attributes?: Readonly<Record<string, unknown>>;
}

export interface ResourceHandler {
  /** e.g. `AWS::SQS::Queue`. */
  readonly type: string;
  readonly shape: Extract<PropertyShape, { type: 'object' }>;
  /** Top-level properties whose change replaces the resource. */
  readonly replaceOn: readonly string[];
  create(request: ResourceRequest): Promise<ResourceResult>;
  /** `previous` are the properties in force. Absent: every change replaces. */
  readonly update?: (
    request: ResourceRequest & { readonly physicalId: string; readonly previous: Properties },
  ) => Promise<ResourceResult>;
  /**
   * Physical id of the resource that a `create` with these properties makes, when it exists already.
   * Asked before the first attempt (found: someone else's, the create is refused as AWS does) and after
   * a crash in the middle of a create (found: ours, half-made perhaps; it is deleted and made again).
   */
  readonly find?: (request: ResourceRequest) => Promise<string | undefined>;
  /**
   * For types without unique names, instead of `find`: physical ids of everything that a `create` with these
   * properties could have made. Those that are there before the first attempt are remembered and never
   * touched; what is new after a crash is what the interrupted create made. Types with tags answer only
   * what carries the stack's and the resource's own, so that what others make meanwhile is never taken.
   */
  readonly candidates?: (request: ResourceRequest) => Promise<readonly string[]>;
  /** Removes it; a resource that is already gone counts as removed. */
  delete(request: ResourceRequest & { readonly physicalId: string }): Promise<void>;
}
