// How a sample event is declared: a service, a name, fields a user may set, and AWS's shape made of them.

export interface SampleField<T extends string | number | boolean = string | number | boolean> {
  readonly about: string;
  /** Its type is the field's type. */
  readonly default: T;
  /** The only values there are. */
  readonly choices?: readonly string[];
}

type Fields = Readonly<Record<string, SampleField>>;

/** Defaults' literal types widened: a field with default 1 takes any number. */
type Widened<T> = T extends number ? number : T extends boolean ? boolean : string;

export type ValuesOf<F extends Fields> = { readonly [K in keyof F]: Widened<F[K]['default']> };

export interface SampleEvent<F extends Fields = Fields> {
  /** As in `generate-event SERVICE EVENT`. */
  readonly service: string;
  readonly name: string;
  /** One line, e.g. `an object was created`. */
  readonly about: string;
  readonly fields: F;
  /** The event in AWS's shape. */
  make(values: ValuesOf<F>): unknown;
}

/** A sample event whose fields' types are no longer known statically. */
export interface AnySampleEvent {
  readonly service: string;
  readonly name: string;
  readonly about: string;
  readonly fields: Fields;
  make(values: Readonly<Record<string, string | number | boolean>>): unknown;
}

/** Keeps the fields' types for `make`; its answer is checked against @types/aws-lambda by its own type. */
export function defineSample<const F extends Fields>(sample: SampleEvent<F>): AnySampleEvent {
  return {
    ...sample,
    make: (values) => sample.make(values as ValuesOf<F>),
  };
}

/** Where nearly every event happens. */
export const PLACE = {
  region: { about: 'region', default: 'us-east-1' },
  account: { about: 'account, 12 digits', default: '123456789012' },
} as const;

export const TIME = {
  time: { about: 'when it happened, ISO 8601', default: '2026-01-02T03:04:05.678Z' },
} as const;

export const COUNT = { count: { about: 'how many records', default: 1 } } as const;

/** 1 to `count`. */
export function each<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

export function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

/** A made-up UUID that is the same in every run: `seed` tells them apart. */
export function sampleUuid(seed: number): string {
  return `00000000-0000-4000-8000-${seed.toString(16).padStart(12, '0')}`;
}

/** `09/Apr/2015:12:34:56 +0000`: API Gateway's form of request times. */
export function clfTime(iso: string): string {
  const date = new Date(iso);
  const [, day = '', month = '', year = '', clock = ''] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(date.toUTCString()) ?? [];
  return `${day}/${month}/${year}:${clock} +0000`;
}

/** `a=1&b=2` by name, all values of each. */
export function parseQuery(query: string): Record<string, string[]> {
  const byName: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(query)) (byName[name] ??= []).push(value);
  return byName;
}

/** The last value of each name, as payloads with single values have it. */
export function lastOfEach(values: Readonly<Record<string, readonly string[]>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, list]) => [name, list.at(-1) ?? '']));
}
