// An event whose source is polled, as the mapping and the policies are made from it.
import type { CfnResource } from './cfn-resource.ts';
import type { EventTarget } from './event-target.ts';
import type { Declared } from './read-properties.ts';
import type { Resolve } from './resolve.ts';

export interface PullEvent {
  readonly event: Declared;
  readonly eventId: string;
  readonly target: EventTarget;
  readonly role: CfnResource;
  readonly resolve: Resolve;
  readonly partition: string;
}
