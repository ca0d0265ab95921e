// Reads the public protocol suites: each case's little model becomes a service model of ours.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Operation, ProtocolName, ServiceModel } from '../../src/wire/service-model.ts';

const SUITES = fileURLToPath(new URL('../../../shared/conformance/wire/', import.meta.url));
export const suitesPresent = existsSync(SUITES);

/** A shape of botocore's service-2.json. */
interface Shape {
  readonly type: string;
  readonly members?: Readonly<Record<string, ShapeReference>>;
  readonly member?: ShapeReference;
  readonly key?: ShapeReference;
  readonly value?: ShapeReference;
  readonly required?: readonly string[];
  readonly payload?: string;
  readonly flattened?: boolean;
  readonly locationName?: string;
  readonly xmlNamespace?: string | { readonly prefix?: string; readonly uri: string };
  readonly timestampFormat?: string;
  readonly union?: boolean;
  readonly document?: boolean;
  readonly streaming?: boolean;
  readonly exception?: boolean;
  readonly fault?: boolean;
  readonly error?: {
    readonly code?: string;
    readonly httpStatusCode?: number;
    readonly senderFault?: boolean;
  };
}

interface ShapeReference extends Partial<Omit<Shape, 'members'>> {
  readonly shape: string;
  readonly location?: string;
  readonly queryName?: string;
  readonly xmlAttribute?: boolean;
  readonly jsonvalue?: boolean;
}

interface Given {
  readonly name: string;
  readonly http?: {
    readonly method: string;
    readonly requestUri: string;
    readonly responseCode?: number;
  };
  readonly input?: ShapeReference;
  readonly output?: ShapeReference;
  readonly errors?: readonly ShapeReference[];
}

interface Suite {
  readonly description: string;
  readonly metadata: {
    readonly protocol: string;
    readonly protocols: readonly string[];
    readonly apiVersion: string;
    readonly jsonVersion?: string;
    readonly targetPrefix?: string;
    readonly xmlNamespace?: string;
    readonly awsQueryCompatible?: object;
  };
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly cases: readonly RawCase[];
}

interface RawCase {
  readonly id: string;
  readonly given: Given;
  readonly params?: unknown;
  readonly serialized?: {
    readonly method: string;
    readonly uri: string;
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly host?: string;
  };
  readonly result?: unknown;
  readonly error?: unknown;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly response?: {
    readonly status_code: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
}

export interface WireCase extends RawCase {
  /** `input/json`, `output/rest-xml`… */
  readonly suite: string;
  readonly protocol: ProtocolName;
  readonly model: ServiceModel;
  readonly operation: Operation;
}

/** Every case of one direction. */
export function readCases(direction: 'input' | 'output'): WireCase[] {
  const cases: WireCase[] = [];
  for (const file of readdirSync(`${SUITES}${direction}`).sort()) {
    const suites = JSON.parse(readFileSync(`${SUITES}${direction}/${file}`, 'utf8')) as Suite[];
    for (const suite of suites) {
      for (const raw of suite.cases) {
        // The SDK's registries are global: each case has its own namespace.
        const schemas = new SchemaMaker(
          suite,
          `aws.protocoltests.case${cases.length}.${direction}`,
        );
        const operation = schemas.operation(raw.given);
        const model = schemas.model(operation, raw.given);
        const protocol = protocolOf(suite.metadata);
        cases.push({
          ...raw,
          suite: `${direction}/${file.replace('.json', '')}`,
          protocol,
          model,
          operation,
        });
      }
    }
  }
  return cases;
}

function protocolOf({ protocol, jsonVersion }: Suite['metadata']): ProtocolName {
  switch (protocol) {
    case 'json':
      return jsonVersion === '1.0' ? 'awsJson1_0' : 'awsJson1_1';
    case 'query':
      return 'awsQuery';
    case 'ec2':
      return 'ec2Query';
    case 'rest-json':
      return 'restJson1';
    case 'rest-xml':
      return 'restXml';
    default:
      return 'rpcv2Cbor';
  }
}

/** Turns botocore's shapes into tuples as the SDK clients export them. */
class SchemaMaker {
  private readonly suite: Suite;
  private readonly made = new Map<string, unknown>();

  private readonly namespace: string;

  constructor(suite: Suite, namespace: string) {
    this.suite = suite;
    this.namespace = namespace;
  }

  operation({ name, http, input, output }: Given): Operation {
    const rest = this.suite.metadata.protocol.startsWith('rest-') && http !== undefined;
    const traits = rest ? { http: [http.method, http.requestUri, http.responseCode ?? 200] } : 0;
    const schema = [9, this.namespace, name, traits, this.root(input), this.root(output)] as const;
    return { name, schema };
  }

  model(operation: Operation, given: Given): ServiceModel {
    const { metadata, shapes } = this.suite;
    const errors = new Map<string, unknown>();
    for (const [name, shape] of Object.entries(shapes)) {
      const declared = given.errors?.some((error) => error.shape === name) ?? false;
      if (shape.exception === true || shape.error !== undefined || declared)
        errors.set(name, this.shape(name));
    }
    return {
      row: {
        id: 'conformance',
        sdkId: 'Conformance',
        apiVersion: metadata.apiVersion,
        protocols: [protocolOf(metadata)],
        signingName: 'conformance',
        ...(metadata.targetPrefix === undefined ? {} : { targetPrefix: metadata.targetPrefix }),
        ...(metadata.xmlNamespace === undefined ? {} : { xmlNamespace: metadata.xmlNamespace }),
        ...(metadata.awsQueryCompatible === undefined ? {} : { queryCompatible: true }),
      },
      operations: new Map([[operation.name, operation]]),
      errors,
    };
  }

  private root(reference: ShapeReference | undefined): unknown {
    if (reference === undefined) return 'unit';
    const tuple = this.shape(reference.shape) as unknown[];
    const traits = { ...(tuple[3] as object), ...this.nameTraits(reference, 'root') };
    return [...tuple.slice(0, 3), traits, ...tuple.slice(4)];
  }

  private shape(name: string): unknown {
    const known = this.made.get(name);
    if (known !== undefined) return known;
    const shape = this.suite.shapes[name];
    if (shape === undefined) throw new Error(`no shape ${name}`);
    const tuple: unknown[] = [];
    this.made.set(name, tuple);
    tuple.push(...this.tuple(name, shape));
    return tuple;
  }

  private tuple(name: string, shape: Shape): unknown[] {
    switch (shape.type) {
      case 'structure':
        return this.structure(name, shape);
      case 'list':
        return [
          1,
          this.namespace,
          name,
          this.shapeTraits(shape),
          this.reference(shape.member, 'item'),
        ];
      case 'map':
        return [
          2,
          this.namespace,
          name,
          this.shapeTraits(shape),
          this.reference(shape.key, 'item'),
          this.reference(shape.value, 'item'),
        ];
      default:
        return [0, this.namespace, name, {}, simple(shape)];
    }
  }

  private structure(name: string, shape: Shape): unknown[] {
    if (shape.document === true) return [0, this.namespace, name, {}, 15];
    const names = Object.keys(shape.members ?? {});
    const required = names.filter((member) => shape.required?.includes(member));
    const ordered = [...required, ...names.filter((member) => !required.includes(member))];
    const kind =
      shape.union === true ? 4 : shape.exception === true || shape.error !== undefined ? -3 : 3;
    const members = ordered.map((member) => this.member(member, shape));
    return [kind, this.namespace, name, this.shapeTraits(shape), ordered, members, required.length];
  }

  private member(name: string, shape: Shape): unknown {
    const reference = shape.members?.[name];
    if (reference === undefined) throw new Error(`no member ${name}`);
    const payload = shape.payload === name ? { httpPayload: 1 } : {};
    const [target, traits] = this.reference(withoutOwnName(reference, name), 'member') as [
      unknown,
      object,
    ];
    return [target, { ...traits, ...payload, ...bindingTraits(reference) }];
  }

  private reference(reference: ShapeReference | undefined, place: 'member' | 'item'): unknown {
    if (reference === undefined) throw new Error('missing reference');
    const target = this.suite.shapes[reference.shape];
    const format = reference.timestampFormat ?? target?.timestampFormat;
    const inner =
      target?.type === 'timestamp' ? timestamp(format) : () => this.shape(reference.shape);
    return [inner, this.nameTraits(reference, place)];
  }

  private nameTraits(reference: ShapeReference, place: 'member' | 'item' | 'root'): object {
    const { protocol } = this.suite.metadata;
    const inBody = reference.location === undefined && reference.locationName !== undefined;
    const name = inBody
      ? { [protocol === 'rest-json' ? 'jsonName' : 'xmlName']: reference.locationName }
      : {};
    const flattened =
      reference.flattened ?? (place === 'member' && this.suite.shapes[reference.shape]?.flattened);
    return {
      ...name,
      ...namespaceTrait(reference),
      ...(flattened === true ? { xmlFlattened: 1 } : {}),
      ...(reference.xmlAttribute === true ? { xmlAttribute: 1 } : {}),
      ...(reference.queryName === undefined ? {} : { ec2QueryName: reference.queryName }),
      ...(reference.jsonvalue === true ? { mediaType: 'application/json' } : {}),
    };
  }

  private shapeTraits(shape: Shape): object {
    const { error } = shape;
    const queryCompatible = this.suite.metadata.awsQueryCompatible !== undefined;
    return {
      ...namespaceTrait(shape),
      ...(shape.locationName === undefined ? {} : { xmlName: shape.locationName }),
      ...(shape.exception === true || error !== undefined
        ? { error: shape.fault === true || error?.senderFault === false ? 'server' : 'client' }
        : {}),
      // Next to a query code it is the query API's status.
      ...(error?.httpStatusCode === undefined || (queryCompatible && error.code !== undefined)
        ? {}
        : { httpError: error.httpStatusCode }),
      ...(error?.code === undefined
        ? {}
        : { awsQueryError: [error.code, error.httpStatusCode ?? 400] }),
    };
  }
}

// botocore names each XML member, also when the name is the member's own; the SDK's schemas do not.
function withoutOwnName(reference: ShapeReference, name: string): ShapeReference {
  if (reference.locationName !== name) return reference;
  const { locationName: _, ...rest } = reference;
  return rest;
}

function bindingTraits({ location, locationName }: ShapeReference): object {
  switch (location) {
    case 'uri':
      return { httpLabel: 1 };
    case 'querystring':
      return locationName === undefined ? { httpQueryParams: 1 } : { httpQuery: locationName };
    case 'header':
      return { httpHeader: locationName };
    case 'headers':
      return { httpPrefixHeaders: locationName ?? '' };
    case 'statusCode':
      return { httpResponseCode: 1 };
    case undefined:
    default:
      return {};
  }
}

function namespaceTrait({ xmlNamespace }: Pick<Shape, 'xmlNamespace'>): object {
  if (xmlNamespace === undefined) return {};
  if (typeof xmlNamespace === 'string') return { xmlNamespace: [0, xmlNamespace] };
  return { xmlNamespace: [xmlNamespace.prefix ?? 0, xmlNamespace.uri] };
}

function timestamp(format: string | undefined): number {
  switch (format) {
    case 'iso8601':
      return 5;
    case 'rfc822':
      return 6;
    case 'unixTimestamp':
      return 7;
    case undefined:
    default:
      return 4;
  }
}

function simple(shape: Shape): number {
  switch (shape.type) {
    case 'boolean':
      return 2;
    case 'blob':
      return shape.streaming === true ? 42 : 21;
    case 'timestamp':
      return timestamp(shape.timestampFormat);
    case 'string':
    case 'character':
      return 0;
    default:
      return 1;
  }
}
