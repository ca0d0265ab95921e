// What names a metric, and the times it is read for.

/** As CloudWatch names them; those that something here counts in. */
export type MetricUnit = 'Count' | 'Milliseconds' | 'Seconds' | 'Bytes' | 'Percent' | 'None';

export interface MetricId {
  /** e.g. `AWS/Lambda` */
  readonly namespace: string;
  readonly name: string;
  /** Name and value, in any order. */
  readonly dimensions: readonly (readonly [name: string, value: string])[];
  readonly unit: MetricUnit;
}

export interface MetricPeriod {
  readonly fromMs: number;
  readonly toMs: number;
}
