// The official SDK's own client side, as an independent reader and writer of the protocols.
import { Readable } from 'node:stream';
import {
  AwsEc2QueryProtocol,
  AwsJson1_0Protocol,
  AwsJson1_1Protocol,
  AwsQueryProtocol,
  AwsRestJsonProtocol,
  AwsRestXmlProtocol,
  AwsSmithyRpcV2CborProtocol,
} from '@aws-sdk/core/protocols';
import { EventStreamMarshaller } from '@smithy/core/event-streams';
import { HttpResponse as SdkResponse } from '@smithy/core/protocols';
import { TypeRegistry } from '@smithy/core/schema';
import { fromBase64, fromUtf8, streamCollector, toBase64, toUtf8 } from '@smithy/core/serde';
import type { HttpResponse } from '../../src/wire/http.ts';
import { membersOf, schemaOf } from '../../src/wire/schema.ts';
import type { Operation, ProtocolName, ServiceModel } from '../../src/wire/service-model.ts';

/** One operation in one protocol. */
export interface ClientCall {
  readonly protocol: ProtocolName;
  readonly model: ServiceModel;
  readonly operation: Operation;
}

/** What the SDK's client makes of a response: an output, or the error it throws. */
export type ClientSight =
  | { readonly kind: 'output'; readonly output: Record<string, unknown> }
  | { readonly kind: 'error'; readonly error: Error & Record<string, unknown> };

/** Reads a response as the client that made `call` would. */
export async function readAsClient(call: ClientCall, response: HttpResponse): Promise<ClientSight> {
  const [, namespace] = call.operation.schema;
  const registry = new TypeRegistry(namespace);
  for (const [shape, schema] of call.model.errors) {
    class Modelled extends Error {
      override readonly name: string = shape;
    }
    registry.registerError(schema as Parameters<typeof registry.registerError>[0], Modelled);
  }
  try {
    const sight = await protocolOf(call, registry).deserializeResponse(
      operationOf(call.operation) as never,
      CONTEXT as never,
      new SdkResponse({
        statusCode: response.status,
        headers: Object.fromEntries(
          Object.entries(response.headers).map(([key, value]) => [key, String(value)]),
        ),
        body: streams(call.operation) ? Readable.from([toBytes(response)]) : toBytes(response),
      }) as never,
    );
    return { kind: 'output', output: sight as Record<string, unknown> };
  } catch (error) {
    if (!(error instanceof Error) || !('$metadata' in error)) throw error;
    return { kind: 'error', error: error as Error & Record<string, unknown> };
  }
}

function toBytes({ body }: HttpResponse): Uint8Array {
  if (body === undefined) return new Uint8Array();
  return typeof body === 'string' ? Buffer.from(body) : (body as Uint8Array);
}

function streams({ schema }: Operation): boolean {
  return membersOf(schemaOf(schema[5])).some(({ schema: member }) => member.isStreaming());
}

/** What the SDK's client sends for an input, before signing. */
export async function writeAsClient(call: ClientCall, input: unknown): Promise<SdkRequest> {
  const protocol = protocolOf(call, new TypeRegistry(call.operation.schema[1]));
  return protocol.serializeRequest(
    operationOf(call.operation) as never,
    input as never,
    CONTEXT as never,
  );
}

export interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

function operationOf({ schema }: Operation): object {
  const [, namespace, name, traits, input, output] = schema;
  return { namespace, name, traits, input, output };
}

const CONTEXT = {
  utf8Encoder: toUtf8,
  utf8Decoder: fromUtf8,
  base64Encoder: toBase64,
  base64Decoder: fromBase64,
  streamCollector,
  endpoint: async () => ({ protocol: 'http:', hostname: 'localhost', path: '/' }),
  isCustomEndpoint: true,
  eventStreamMarshaller: new EventStreamMarshaller({ utf8Encoder: toUtf8, utf8Decoder: fromUtf8 }),
  disableHostPrefix: true,
};

interface ClientProtocol {
  serializeRequest(operation: never, input: never, context: never): Promise<SdkRequest>;
  deserializeResponse(operation: never, context: never, response: never): Promise<unknown>;
  setSerdeContext(context: never): void;
}

function protocolOf(
  { protocol, model, operation }: ClientCall,
  registry: TypeRegistry,
): ClientProtocol {
  const options = {
    defaultNamespace: operation.schema[1],
    errorTypeRegistries: [registry],
    serviceTarget: model.row.targetPrefix ?? '',
    awsQueryCompatible: model.row.queryCompatible ?? false,
    version: model.row.apiVersion,
    xmlNamespace: model.row.xmlNamespace ?? '',
  };
  const made = new CLIENTS[protocol](options as never) as ClientProtocol;
  made.setSerdeContext(CONTEXT as never);
  return made;
}

// Each takes what it needs of the same options.
const CLIENTS: Readonly<Record<ProtocolName, new (options: never) => unknown>> = {
  awsJson1_0: AwsJson1_0Protocol,
  awsJson1_1: AwsJson1_1Protocol,
  awsQuery: AwsQueryProtocol,
  ec2Query: AwsEc2QueryProtocol,
  restJson1: AwsRestJsonProtocol,
  restXml: AwsRestXmlProtocol,
  rpcv2Cbor: AwsSmithyRpcV2CborProtocol,
};
