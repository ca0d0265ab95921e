// awsQuery and ec2Query: form fields in, XML out.
import type { ServiceError } from '../base/errors.ts';
import { describeError } from './error-model.ts';
import { malformed, parseForm, readForm } from './form-reader.ts';
import type { FormFields } from './form-reader.ts';
import type { HttpRequest, HttpResponse } from './http.ts';
import type { ErrorTarget, Protocol, RoutedCall } from './protocol.ts';
import { readBody } from './request-body.ts';
import { membersOf, schemaOf } from './schema.ts';
import type { ServiceRow } from './service-model.ts';
import { MalformedText } from './text-value.ts';
import { XML_DECLARATION, element, escapeXml, writeXmlMembers } from './xml-writer.ts';

const INPUT = 4;
const OUTPUT = 5;
const CONTENT_TYPE = 'text/xml';
const EC2_CONTENT_TYPE = 'text/xml;charset=UTF-8';

// Routing reads the fields before parsing does.
const parsedFields = new WeakMap<HttpRequest, FormFields>();

/** Fields of the query string and of a form body. Throws MalformedQueryString, or 413. */
export async function readFormFields(request: HttpRequest, row?: ServiceRow): Promise<FormFields> {
  let fields = parsedFields.get(request);
  if (fields === undefined) {
    const body = isForm(request) ? (await readBody(request, row)).toString('utf8') : '';
    fields = [...parseForm(request.query), ...parseForm(body)];
    parsedFields.set(request, fields);
  }
  return fields;
}

/** True when the body holds form fields. */
export function isForm({ method, headers }: HttpRequest): boolean {
  return (
    method === 'POST' &&
    (headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
  );
}

export function createQueryProtocol(name: 'awsQuery' | 'ec2Query'): Protocol {
  const ec2 = name === 'ec2Query';
  return {
    name,
    async parse(call) {
      const fields = await readFormFields(call.request, call.model.row);
      try {
        const input = readForm(schemaOf(call.operation.schema[INPUT]), fields, { ec2 });
        return addQueueUrl(call, input);
      } catch (error) {
        if (error instanceof MalformedText) throw malformed(error.message);
        throw error;
      }
    },
    serialize(call, output, requestId) {
      return ec2 ? serializeEc2(call, output, requestId) : serializeQuery(call, output, requestId);
    },
    serializeError(target, error, requestId) {
      return serializeError(target, error, { requestId, ec2 });
    },
  };
}

function serializeQuery(
  { model, operation }: RoutedCall,
  output: unknown,
  requestId: string,
): HttpResponse {
  const schema = schemaOf(operation.schema[OUTPUT]);
  const result = schema.isUnitSchema()
    ? ''
    : element(`${operation.name}Result`, writeXmlMembers(schema, output ?? {}));
  const metadata = element('ResponseMetadata', element('RequestId', escapeXml(requestId)));
  return respond(
    element(`${operation.name}Response`, result + metadata, namespace(model.row)),
    200,
    requestId,
  );
}

function serializeEc2(
  { model, operation }: RoutedCall,
  output: unknown,
  requestId: string,
): HttpResponse {
  const schema = schemaOf(operation.schema[OUTPUT]);
  const members = schema.isUnitSchema() ? '' : writeXmlMembers(schema, output ?? {});
  const content = element('requestId', escapeXml(requestId)) + members;
  const response = respond(
    element(`${operation.name}Response`, content, namespace(model.row)),
    200,
    requestId,
  );
  return { ...response, headers: { ...response.headers, 'content-type': EC2_CONTENT_TYPE } };
}

function serializeError(
  { model, request }: ErrorTarget,
  error: ServiceError,
  { requestId, ec2 }: { requestId: string; ec2: boolean },
): HttpResponse {
  const described = describeError(model, error);
  const { message: _m, Message: _M, ...rest } = described.members;
  const inner =
    element('Code', escapeXml(described.queryCode)) +
    (described.message === '' ? '' : element('Message', escapeXml(described.message))) +
    (described.schema === undefined ? '' : writeXmlMembers(described.schema, rest));
  const body = ec2
    ? element(
        'Response',
        element('Errors', element('Error', inner)) + element('RequestID', escapeXml(requestId)),
      )
    : element(
        'ErrorResponse',
        element('Error', element('Type', described.fault) + inner) +
          element('RequestId', escapeXml(requestId)),
        model === undefined ? '' : namespace(model.row),
      );
  const response = respond(body, described.queryStatus, requestId);
  const type = ec2 ? { 'content-type': EC2_CONTENT_TYPE } : {};
  const headers = { ...response.headers, ...type, ...error.headers };
  if (request.method === 'HEAD') return { status: response.status, headers };
  return { ...response, headers };
}

function respond(xml: string, status: number, requestId: string): HttpResponse {
  return {
    status,
    headers: { 'content-type': CONTENT_TYPE, 'x-amzn-requestid': requestId },
    body: XML_DECLARATION + xml,
  };
}

function namespace({ xmlNamespace }: ServiceRow): string {
  return xmlNamespace === undefined ? '' : ` xmlns="${escapeXml(xmlNamespace)}"`;
}

// AWS: in SQS's query API the address itself may name the queue: `POST /123456789012/MyQueue`.
// <docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html>
function addQueueUrl(
  { model, operation, request }: RoutedCall,
  input: Record<string, unknown>,
): unknown {
  if (model.row.id !== 'sqs' || input['QueueUrl'] !== undefined || request.path === '/')
    return input;
  const takesUrl = membersOf(schemaOf(operation.schema[INPUT])).some(
    ({ name }) => name === 'QueueUrl',
  );
  if (!takesUrl) return input;
  return { ...input, QueueUrl: `http://${request.headers['host'] ?? 'localhost'}${request.path}` };
}
