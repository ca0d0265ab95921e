// Finds the service, operation and protocol of a request.
import { AssertionFailed } from '../base/errors.ts';
import type { HttpRequest } from './http.ts';
import type { RoutedCall, RouteFailure } from './protocol.ts';
import type { ServiceModel, ServiceRow } from './service-model.ts';

export interface RouterOptions {
  readonly rows: readonly ServiceRow[];
  /** Called at most once per row while it succeeds. */
  readonly load: (row: ServiceRow) => Promise<ServiceModel>;
}

/** What the caller already knows. */
export interface RouteHint {
  /** Service name of the credential scope. */
  readonly signingName?: string;
  /** Bucket named by the host, when the caller has resolved it. */
  readonly virtualHostBucket?: string;
}

export interface Router {
  route(request: HttpRequest, hint?: RouteHint): Promise<RoutedCall | RouteFailure>;
}

export function createRouter(options: RouterOptions): Router {
  return {
    async route() {
      throw new AssertionFailed(`routing of ${options.rows.length} services is being written`);
    },
  };
}
