// The official SDK's own client side, as an independent reader of what our servers' protocols write.
import {
  AwsEc2QueryProtocol,
  AwsJson1_0Protocol,
  AwsJson1_1Protocol,
  AwsQueryProtocol,
  AwsRestJsonProtocol,
  AwsRestXmlProtocol,
  AwsSmithyRpcV2CborProtocol,
} from '@aws-sdk/core/protocols';
import { HttpResponse as SdkResponse } from '@smithy/core/protocols';
import { TypeRegistry } from '@smithy/core/schema';
import { fromBase64, fromUtf8, toBase64, toUtf8 } from '@smithy/core/serde';
import type { HttpResponse } from '../../src/wire/http.ts';
import type { WireCase } from './wire-suites.ts';

/** What the SDK's client makes of a response: an output, or the error it throws. */
export type ClientSight =
  | { readonly kind: 'output'; readonly output: Record<string, unknown> }
  | { readonly kind: 'error'; readonly error: Error & Record<string, unknown> };

export async function readAsClient(wireCase: WireCase, response: HttpResponse): Promise<ClientSight> {
  const [, namespace, name, traits, input, output] = wireCase.operation.schema;
  const registry = new TypeRegistry(namespace);
  for (const [shape, schema] of wireCase.model.errors) {
    class Modelled extends Error {
      override readonly name: string = shape;
    }
    registry.registerError(schema as Parameters<typeof registry.registerError>[0], Modelled);
  }
  const operation = { namespace, name, traits, input, output };
  try {
    const sight = await protocolOf(wireCase, registry).deserializeResponse(
      operation as never,
      CONTEXT as never,
      new SdkResponse({
        statusCode: response.status,
        headers: Object.fromEntries(Object.entries(response.headers).map(([key, value]) => [key, String(value)])),
        body: typeof response.body === 'string' ? Buffer.from(response.body) : (response.body ?? new Uint8Array()),
      }) as never,
    );
    return { kind: 'output', output: sight as Record<string, unknown> };
  } catch (error) {
    if (!(error instanceof Error) || !('$metadata' in error)) throw error;
    return { kind: 'error', error: error as Error & Record<string, unknown> };
  }
}

const CONTEXT = {
  utf8Encoder: toUtf8,
  utf8Decoder: fromUtf8,
  base64Encoder: toBase64,
  base64Decoder: fromBase64,
  endpoint: async () => ({ protocol: 'http:', hostname: 'localhost', path: '/' }),
  disableHostPrefix: true,
};

interface ClientProtocol {
  deserializeResponse(operation: never, context: never, response: never): Promise<unknown>;
  setSerdeContext(context: never): void;
}

function protocolOf({ protocol, model, operation }: WireCase, registry: TypeRegistry): ClientProtocol {
  const options = {
    defaultNamespace: operation.schema[1],
    errorTypeRegistries: [registry],
    serviceTarget: model.row.targetPrefix ?? '',
    awsQueryCompatible: model.row.queryCompatible ?? false,
    version: model.row.apiVersion,
    xmlNamespace: model.row.xmlNamespace ?? '',
  };
  const made = makeProtocol(protocol, options) as unknown as ClientProtocol;
  made.setSerdeContext(CONTEXT as never);
  return made;
}

type Options = ConstructorParameters<typeof AwsJson1_0Protocol>[0] &
  ConstructorParameters<typeof AwsQueryProtocol>[0];

function makeProtocol(protocol: WireCase['protocol'], options: object): unknown {
  const all = options as Options;
  switch (protocol) {
    case 'awsJson1_0':
      return new AwsJson1_0Protocol(all);
    case 'awsJson1_1':
      return new AwsJson1_1Protocol(all);
    case 'awsQuery':
      return new AwsQueryProtocol(all);
    case 'ec2Query':
      return new AwsEc2QueryProtocol(all);
    case 'restJson1':
      return new AwsRestJsonProtocol(all);
    case 'restXml':
      return new AwsRestXmlProtocol(all);
    case 'rpcv2Cbor':
      return new AwsSmithyRpcV2CborProtocol(all);
  }
}
