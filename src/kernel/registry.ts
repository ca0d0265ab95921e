// What services declared, by name: operations, workers, routes, resource types.
import type { AnyHandler, AnyService, HttpRoute, NotImplemented, TimerWorker } from './service.ts';
import type { ResourceHandler } from './resources.ts';
import { AssertionFailed, ServiceError, assert } from '../base/errors.ts';
import { BodyBroken } from '../wire/http.ts';

export interface Registry {
  readonly services: ReadonlyMap<string, AnyService>;
  readonly workers: ReadonlyMap<string, TimerWorker>;
  readonly slowWorkers: ReadonlySet<string>;
  readonly routes: readonly HttpRoute[];
  readonly resources: readonly ResourceHandler[];
  /** The handler of an operation; throws 501 NotImplemented naming it when there is none yet. */
  handler(service: string, operation: string): AnyHandler;
  isDataEvent(service: string, operation: string): boolean;
}

export function createRegistry(services: readonly AnyService[]): Registry {
  const byId = new Map<string, AnyService>();
  const workers = new Map<string, TimerWorker>();
  const dataEvents = new Map<string, ReadonlySet<string>>();
  for (const service of services) {
    assert(!byId.has(service.id), `service ${service.id} is registered once`);
    byId.set(service.id, service);
    dataEvents.set(service.id, new Set(service.dataEvents));
    for (const [name, worker] of Object.entries(service.workers ?? {})) {
      assert(name.startsWith(`${service.id}/`), `worker ${name} starts with ${service.id}/`);
      workers.set(name, worker);
    }
  }
  return {
    services: byId,
    workers,
    slowWorkers: new Set(services.flatMap((service) => service.slowWorkers ?? [])),
    routes: services.flatMap((service) => service.routes ?? []),
    resources: services.flatMap((service) => service.resources ?? []),
    handler(service, operation) {
      const entry = byId.get(service)?.operations[operation];
      if (entry === undefined) throw notThere(service, operation, 'this service is not part of Cloudlet yet');
      if (isNotImplemented(entry)) throw notThere(service, operation, entry.notImplemented);
      return entry;
    },
    isDataEvent: (service, operation) => dataEvents.get(service)?.has(operation) === true,
  };
}

export function isNotImplemented(entry: AnyHandler | NotImplemented): entry is NotImplemented {
  return typeof entry !== 'function';
}

function notThere(service: string, operation: string, why: string): ServiceError {
  const message = `${service}.${operation} is not implemented by Cloudlet: ${why}`;
  return new ServiceError('NotImplemented', message, { status: 501 });
}

/** Turns whatever was thrown into what goes on the wire; anything unexpected is our bug. */
export function toServiceError(thrown: unknown): { error: ServiceError; defect: boolean } {
  if (thrown instanceof ServiceError) return { error: thrown, defect: false };
  if (thrown instanceof BodyBroken) {
    const error = new ServiceError('RequestAborted', thrown.message, { status: 400, cause: thrown });
    return { error, defect: false };
  }
  const what = thrown instanceof AssertionFailed ? 'an internal check failed' : 'an internal error';
  const error = new ServiceError('InternalFailure', `The request failed because of ${what}.`, {
    status: 500,
    cause: thrown,
  });
  return { error, defect: true };
}
