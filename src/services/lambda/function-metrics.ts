// AWS/Lambda metrics: which values of an invocation are counted under which dimensions.
// <developer guide, "Types of metrics for Lambda functions">
import { type Scope, type WorkContext, localSlot } from '../../kernel/context.ts';
import type { MetricId, MetricUnit } from '../../kernel/metric-id.ts';
import type { MetricSeries, Metrics } from '../../kernel/metrics.ts';
import type { Admitted } from './invocation/admission.ts';

const NAMESPACE = 'AWS/Lambda';

const UNITS = {
  AsyncEventAge: 'Milliseconds',
  AsyncEventsDropped: 'Count',
  AsyncEventsReceived: 'Count',
  ConcurrentExecutions: 'Count',
  DeadLetterErrors: 'Count',
  DestinationDeliveryFailures: 'Count',
  Duration: 'Milliseconds',
  Errors: 'Count',
  Invocations: 'Count',
  IteratorAge: 'Milliseconds',
  ProvisionedConcurrencyInvocations: 'Count',
  ProvisionedConcurrencySpilloverInvocations: 'Count',
  ProvisionedConcurrencyUtilization: 'Count',
  ProvisionedConcurrentExecutions: 'Count',
  RecursiveInvocationsDropped: 'Count',
  Throttles: 'Count',
} as const satisfies Readonly<Record<string, MetricUnit>>;

export type FunctionMetric = keyof typeof UNITS;

/** Series by what they are of; forgotten and found again when there are too many. */
const recorders = localSlot(() => new Map<string, FunctionMetrics>());
const RECORDERS_MAX = 5_000;

export interface MeteredFunction {
  readonly scope: Scope;
  readonly name: string;
  /** Version or alias as the caller named it. */
  readonly qualifier: string | undefined;
  /** The version that runs. */
  readonly version: string;
}

/** The metrics of a function as it was called: by its name, by the qualifier, by the version that ran. */
export function metricsOf(metered: MeteredFunction, context: WorkContext): FunctionMetrics {
  const { scope, name, qualifier, version } = metered;
  const known = context.local(recorders);
  const key = `${scope.account}/${scope.region}/${name}/${qualifier ?? ''}/${version}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= RECORDERS_MAX) known.clear();
  const made = new FunctionMetrics(metered, context.metrics);
  known.set(key, made);
  return made;
}

type Dimensions = MetricId['dimensions'];

interface CountedInvocation {
  readonly admitted: Admitted;
  readonly hasFailed: boolean;
  readonly durationMs: number;
  /** Provisioned environments that are ready for the version; absent: none were asked for. */
  readonly provisioned: number;
  readonly nowMs: number;
}

export class FunctionMetrics {
  readonly #metrics: Metrics;
  readonly #metered: MeteredFunction;
  readonly #known = new Map<string, readonly MetricSeries[]>();
  readonly #account: { readonly running: MetricSeries; readonly unreserved: MetricSeries };

  constructor(metered: MeteredFunction, metrics: Metrics) {
    this.#metered = metered;
    this.#metrics = metrics;
    const ofAccount = (name: string): MetricSeries =>
      metrics.series(metered.scope, { namespace: NAMESPACE, name, dimensions: [], unit: 'Count' });
    this.#account = {
      running: ofAccount('ConcurrentExecutions'),
      unreserved: ofAccount('UnreservedConcurrentExecutions'),
    };
  }

  invoked({ admitted, hasFailed, durationMs, provisioned, nowMs }: CountedInvocation): void {
    this.add('Invocations', 1, nowMs);
    this.add('Errors', hasFailed ? 1 : 0, nowMs);
    this.add('Throttles', 0, nowMs);
    this.add('Duration', durationMs, nowMs);
    if (provisioned === 0) return;
    this.add('ProvisionedConcurrencyInvocations', admitted.usesProvisioned ? 1 : 0, nowMs);
    this.add('ProvisionedConcurrencySpilloverInvocations', admitted.usesProvisioned ? 0 : 1, nowMs);
    this.add('ProvisionedConcurrentExecutions', admitted.provisionedInUse, nowMs);
    this.add('ProvisionedConcurrencyUtilization', admitted.provisionedInUse / provisioned, nowMs);
  }

  /** At the start of an invocation, as concurrency is highest then. */
  started(admitted: Admitted, nowMs: number): void {
    for (const series of this.#series('ConcurrentExecutions', this.#ofFunction)) {
      series.add(admitted.ofFunction, nowMs);
    }
    this.#account.running.add(admitted.ofAccount, nowMs);
    this.#account.unreserved.add(admitted.unreserved, nowMs);
  }

  throttled(nowMs: number): void {
    this.add('Throttles', 1, nowMs);
  }

  /** Counts a value under every combination of dimensions that AWS offers. */
  add(name: FunctionMetric, value: number, nowMs: number): void {
    for (const series of this.#series(name, this.#everywhere)) series.add(value, nowMs);
  }

  #series(name: FunctionMetric, dimensions: () => readonly Dimensions[]): readonly MetricSeries[] {
    let found = this.#known.get(name);
    if (found === undefined) {
      const { scope } = this.#metered;
      const unit = UNITS[name];
      found = dimensions().map((each) =>
        this.#metrics.series(scope, { namespace: NAMESPACE, name, dimensions: each, unit }),
      );
      this.#known.set(name, found);
    }
    return found;
  }

  readonly #everywhere = (): readonly Dimensions[] => [[], ...this.#ofFunction()];

  /** By function; by function and resource; for aliases by the version that ran, too. */
  readonly #ofFunction = (): readonly Dimensions[] => {
    const { name, qualifier, version } = this.#metered;
    const byFunction = [['FunctionName', name]] as const;
    const resource = qualifier === undefined ? name : `${name}:${qualifier}`;
    const byResource = [...byFunction, ['Resource', resource]] as const;
    const isAlias = qualifier !== undefined && qualifier !== version;
    return isAlias
      ? [byFunction, byResource, [...byResource, ['ExecutedVersion', version]]]
      : [byFunction, byResource];
  };
}
