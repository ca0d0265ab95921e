// restXml: REST bindings, XML bodies; S3 is its foremost and most peculiar speaker.
import { ServiceError } from '../base/errors.ts';
import { describeError } from './error-model.ts';
import type { WireError } from './error-model.ts';
import type { HttpResponse } from './http.ts';
import { bindingsOf, writeHeaders } from './http-bindings.ts';
import type { ErrorTarget, Protocol, RoutedCall } from './protocol.ts';
import { parseRest, serializeRest } from './rest.ts';
import type { RestCodec } from './rest.ts';
import { withQueryHeaders } from './s3-presigned.ts';
import { kindOf, membersOf, shapeName, traitsOf } from './schema.ts';
import { MalformedText } from './text-value.ts';
import { UnexpectedRoot, readXml, readXmlMembers, rootNameOf } from './xml-reader.ts';
import { parseXmlDocument } from './xml-tree.ts';
import {
  XML_DECLARATION,
  element,
  escapeXml,
  writeXmlMembers,
  writeXmlRoot,
} from './xml-writer.ts';

const CONTENT_TYPE = 'application/xml';
const PARTIAL_CONTENT = 206;

const codec: RestCodec = {
  contentType: CONTENT_TYPE,
  events: {
    contentType: 'text/xml',
    write: (schema, value) => XML_DECLARATION + writeXmlRoot(rootNameOf(schema), schema, { value }),
    read: (schema, bytes) => readXml(schema, Buffer.from(bytes).toString('utf8'), []),
  },
  readBody: (_call, members, text) =>
    guard(() => readXmlMembers(members, parseXmlDocument(text).root)),
  readPayload: ({ schema, traits, xmlName }, text) =>
    guard(() =>
      readXml(
        schema,
        text,
        [xmlName, traits.xmlName, shapeName(schema)].filter((name) => name !== undefined),
      ),
    ),
  writeBody(call, schema, value) {
    const members = bindingsOf(schema).responseBody;
    if (members.length === 0) return undefined;
    const xmlns = call.model.row.xmlNamespace;
    return XML_DECLARATION + writeXmlRoot(rootNameOf(schema), schema, { value, members, xmlns });
  },
  writePayload(call, { schema, traits }, value) {
    const name = traits.xmlName ?? shapeName(schema);
    return (
      XML_DECLARATION + writeXmlRoot(name, schema, { value, xmlns: call.model.row.xmlNamespace })
    );
  },
  refuseText({ text, schema }) {
    const { httpQuery, httpHeader } = traitsOf(schema);
    const name = httpQuery ?? httpHeader ?? schema.getMemberName() ?? '';
    // AWS: `Provided max-keys not an integer or within integer range`.
    // <docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>, <github.com/ceph/s3-tests>
    const message =
      kindOf(schema) === 'number'
        ? `Provided ${name} not an integer or within integer range`
        : `Invalid value for ${name}`;
    return new ServiceError('InvalidArgument', message, {
      fields: { ArgumentName: name, ArgumentValue: text },
    });
  },
};

export const restXml: Protocol = {
  name: 'restXml',
  parse: (call) => parseRest(call.model.row.id === 's3' ? withQueryHeaders(call) : call, codec),
  serialize(call, output, requestId) {
    if (call.operation.name === 'GetBucketLocation') return writeLocation(call, output, requestId);
    const response = serializeRest(call, output, codec);
    return {
      ...response,
      status: isPartial(call, response) ? PARTIAL_CONTENT : response.status,
      headers: { ...response.headers, ...requestIdHeaders(requestId) },
    };
  },
  serializeError(target, error, requestId) {
    return serializeError(target, error, requestId);
  },
};

function serializeError(
  { model, request }: ErrorTarget,
  error: ServiceError,
  requestId: string,
): HttpResponse {
  const described = describeError(model, error);
  const bound =
    described.schema === undefined
      ? {}
      : writeHeaders(bindingsOf(described.schema), described.members);
  const headers: Record<string, string> = {
    ...requestIdHeaders(requestId),
    ...bound,
    ...error.headers,
  };
  // AWS: HEAD errors and 304 have no body; clients go by the status. <API_HeadObject.html>
  if (request.method === 'HEAD' || described.status === 304)
    return { status: described.status, headers };
  const unwrapped = model === undefined || model.row.id === 's3';
  const inner =
    element('Code', escapeXml(described.queryCode)) +
    element('Message', escapeXml(described.message)) +
    writeErrorMembers(described);
  const body = unwrapped
    ? element(
        'Error',
        inner + element('RequestId', escapeXml(requestId)) + element('HostId', hostId(requestId)),
      )
    : element(
        'ErrorResponse',
        element('Error', element('Type', described.fault) + inner) +
          element('RequestId', escapeXml(requestId)),
        model.row.xmlNamespace === undefined ? '' : ` xmlns="${escapeXml(model.row.xmlNamespace)}"`,
      );
  return {
    status: described.status,
    headers: { 'content-type': CONTENT_TYPE, ...headers },
    body: XML_DECLARATION + body,
  };
}

// Modelled members by their schema; the rest (`Key`, `BucketName`, `ArgumentName`…) as plain text.
function writeErrorMembers({ schema, members }: WireError): string {
  const inBody = schema === undefined ? [] : bindingsOf(schema).responseBody;
  const modelled = new Set(schema === undefined ? [] : membersOf(schema).map(({ name }) => name));
  const known = inBody
    .filter(({ name }) => name.toLowerCase() !== 'message')
    .map(({ name }) => [name, members[name]] as const);
  const rest = Object.entries(members).filter(
    ([name, value]) => !modelled.has(name) && value !== undefined,
  );
  return (
    (schema === undefined ? '' : writeXmlMembers(schema, Object.fromEntries(known))) +
    rest.map(([name, value]) => element(name, escapeXml(String(value)))).join('')
  );
}

// AWS: S3 answers the whole document as one text element, and no text for us-east-1.
// <docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html>
function writeLocation({ model }: RoutedCall, output: unknown, requestId: string): HttpResponse {
  const location =
    (output as { LocationConstraint?: string } | undefined)?.LocationConstraint ?? '';
  const xmlns =
    model.row.xmlNamespace === undefined ? '' : ` xmlns="${escapeXml(model.row.xmlNamespace)}"`;
  return {
    status: 200,
    headers: { 'content-type': CONTENT_TYPE, ...requestIdHeaders(requestId) },
    body: XML_DECLARATION + element('LocationConstraint', escapeXml(location), xmlns),
  };
}

// AWS: a part of an object is answered with 206, which the model does not say. <API_GetObject.html>
function isPartial({ operation }: RoutedCall, { headers }: HttpResponse): boolean {
  const reads = operation.name === 'GetObject' || operation.name === 'HeadObject';
  return reads && headers['content-range'] !== undefined;
}

function requestIdHeaders(requestId: string): Record<string, string> {
  return { 'x-amz-request-id': requestId, 'x-amz-id-2': hostId(requestId) };
}

/** The `x-amz-id-2` that goes with a request id. */
export function hostId(requestId: string): string {
  return Buffer.from(`cloudlet/${requestId}`).toString('base64');
}

function guard<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    const ours =
      error instanceof SyntaxError ||
      error instanceof MalformedText ||
      error instanceof UnexpectedRoot;
    // The parser throws plain errors with its name in front.
    if (!ours && !(error instanceof Error && error.message.startsWith('@aws-sdk XML parse error')))
      throw error;
    throw new ServiceError(
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
      { cause: error },
    );
  }
}
