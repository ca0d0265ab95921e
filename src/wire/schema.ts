// A typed view of the SDK's schema objects: kinds, members, traits.
import { NormalizedSchema } from '@smithy/core/schema';
import type { Operation } from './service-model.ts';
import type { TimestampFormat } from './timestamp-text.ts';

export type Schema = NormalizedSchema;

export type Kind =
  | 'string'
  | 'number'
  | 'boolean'
  | 'blob'
  | 'timestamp'
  | 'bigInteger'
  | 'bigDecimal'
  | 'document'
  | 'list'
  | 'map'
  | 'structure'
  | 'union'
  | 'unit';

/** The traits the wire looks at, merged from member and target shape. */
export interface Traits {
  readonly http?: readonly [method: string, uri: string, status: number];
  readonly httpLabel?: 1;
  readonly httpHeader?: string;
  readonly httpQuery?: string;
  readonly httpQueryParams?: 1;
  readonly httpPrefixHeaders?: string;
  readonly httpPayload?: 1;
  readonly httpResponseCode?: 1;
  readonly httpError?: number;
  readonly error?: 'client' | 'server';
  readonly awsQueryError?: readonly [code: string, status: number];
  readonly jsonName?: string;
  readonly xmlName?: string;
  readonly xmlFlattened?: 1;
  readonly xmlAttribute?: 1;
  readonly xmlNamespace?: readonly [prefix: string | 0, uri: string];
  readonly ec2QueryName?: string;
  readonly mediaType?: string;
  readonly sparse?: 1;
  readonly streaming?: 1;
  readonly eventHeader?: 1;
  readonly eventPayload?: 1;
}

export interface Member {
  readonly name: string;
  readonly schema: Schema;
  readonly traits: Traits;
  /** The member's own `xmlName`: one on the target shape names only root elements. */
  readonly xmlName: string | undefined;
  readonly required: boolean;
}

// Numbers of the SDK's sentinels, where NormalizedSchema has no question for them.
const DATE_TIME = 5;
const HTTP_DATE = 6;
const EPOCH_SECONDS = 7;

const memberLists = new WeakMap<object, readonly Member[]>();

/** The schema of whatever an SDK tuple refers to: a shape, a thunk of one, or a sentinel. */
export function schemaOf(reference: unknown): Schema {
  // The tuple's parts are typed as unknown here; NormalizedSchema takes any of them.
  return NormalizedSchema.of(reference as Parameters<typeof NormalizedSchema.of>[0]);
}

/** Members in model order; empty for the unit type. */
export function membersOf(schema: Schema): readonly Member[] {
  const source: unknown = schema.getSchema();
  if (!Array.isArray(source)) return [];
  const known = memberLists.get(source);
  if (known !== undefined) return known;
  const requiredCount = typeof source[6] === 'number' ? source[6] : 0;
  const members = [...schema.structIterator()].map(([name, member], index): Member => ({
    name,
    schema: member,
    traits: traitsOf(member),
    xmlName: (member.getMemberTraits() as Traits).xmlName,
    required: index < requiredCount,
  }));
  memberLists.set(source, members);
  return members;
}

export function traitsOf(schema: Schema): Traits {
  return schema.getMergedTraits();
}

/** The shape's name without its namespace. */
export function shapeName(schema: Schema): string {
  return schema.getName() ?? '';
}

/** Kinds in the order of how often they occur. */
export function kindOf(schema: Schema): Kind {
  if (schema.isStringSchema()) return 'string';
  if (schema.isStructSchema()) return schema.isUnionSchema() ? 'union' : 'structure';
  if (schema.isListSchema()) return 'list';
  if (schema.isNumericSchema()) return 'number';
  if (schema.isBooleanSchema()) return 'boolean';
  if (schema.isMapSchema()) return 'map';
  if (schema.isTimestampSchema()) return 'timestamp';
  if (schema.isBlobSchema()) return 'blob';
  if (schema.isDocumentSchema()) return 'document';
  if (schema.isBigIntegerSchema()) return 'bigInteger';
  if (schema.isBigDecimalSchema()) return 'bigDecimal';
  return 'unit';
}

/** The format a timestamp's traits ask for, or undefined when the protocol decides. */
export function timestampFormatOf(schema: Schema): TimestampFormat | undefined {
  const sentinel: unknown = schema.getSchema();
  switch (sentinel) {
    case DATE_TIME:
      return 'date-time';
    case HTTP_DATE:
      return 'http-date';
    case EPOCH_SECONDS:
      return 'epoch-seconds';
    default:
      return undefined;
  }
}

/** Method, URI pattern and status of a REST operation. */
export function httpTraitOf(operation: Operation): Traits['http'] {
  const traits: unknown = operation.schema[3];
  return typeof traits === 'object' && traits !== null ? (traits as Traits).http : undefined;
}
