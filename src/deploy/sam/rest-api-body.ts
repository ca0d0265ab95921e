// Properties of a REST API that go into its document: CORS, gateway responses, models.
import { expectMap } from './expect.ts';
import { pythonType } from './open-api.ts';
import type { Declared } from './read-properties.ts';
import { toOpenApi3 } from './rest-api-version.ts';
import { resourceProblem, templateProblem } from './sam-error.ts';
import { addCors, addModels, isSwagger, memberOf, openSwagger } from './swagger.ts';
import { isFilled, isIntrinsic, isMap, isSet, mapOr } from './values.ts';
import type { JsonMap } from './values.ts';

const CORS_MEMBERS = ['AllowMethods', 'AllowHeaders', 'AllowOrigin', 'MaxAge', 'AllowCredentials'];
const WILDCARD = "'*'";

export function addRestCors({ logicalId, properties }: Declared, body: unknown): unknown {
  const given = properties['Cors'];
  if (!isFilled(given)) return body;
  if (!isFilled(body)) {
    throw resourceProblem(
      logicalId,
      "Cors works only with inline Swagger specified in 'DefinitionBody' property.",
    );
  }
  const cors = readCors(logicalId, given);
  if (!isSwagger(body)) {
    throw resourceProblem(
      logicalId,
      "Unable to add Cors configuration because 'DefinitionBody' does not contain a valid Swagger definition.",
    );
  }
  const origins = 'AllowOrigin' in cors ? cors['AllowOrigin'] : WILDCARD;
  if (cors['AllowCredentials'] === true && origins === WILDCARD) {
    throw resourceProblem(
      logicalId,
      "Unable to add Cors configuration because 'AllowCredentials' can not be true when 'AllowOrigin' is \"'*'\" or not set",
    );
  }
  const document = openSwagger(body);
  const done = new Set<string>();
  for (const path of Object.keys(document.paths)) {
    // API Gateway takes /path and /path/ for one resource.
    const normalized = path === '/' ? path : path.replace(/\/+$/, '');
    if (done.has(normalized)) continue;
    done.add(normalized);
    if (!isFilled(origins)) {
      const problem = templateProblem('Invalid input. Value for AllowedOrigins is required');
      throw resourceProblem(logicalId, problem.message);
    }
    addCors(document, path, {
      origins,
      headers: cors['AllowHeaders'],
      methods: cors['AllowMethods'],
      maxAge: cors['MaxAge'],
      credentials: cors['AllowCredentials'],
    });
  }
  return document;
}

function readCors(logicalId: string, given: unknown): JsonMap {
  if (typeof given === 'string' || isIntrinsic(given)) return { AllowOrigin: given };
  if (!isMap(given)) throw resourceProblem(logicalId, "Invalid value for 'Cors' property");
  const stranger = Object.keys(given).find((key) => !CORS_MEMBERS.includes(key));
  if (stranger !== undefined)
    throw resourceProblem(logicalId, `Invalid key '${stranger}' for 'Cors' property.`);
  return given;
}

const RESPONSE_MEMBERS = ['ResponseParameters', 'ResponseTemplates', 'StatusCode'];

export function addGatewayResponses(declared: Declared, body: unknown): unknown {
  const { logicalId, properties } = declared;
  if (!isFilled(properties['GatewayResponses'])) return body;
  const responses = mapOr(properties['GatewayResponses']);
  if (!isFilled(body)) {
    throw resourceProblem(
      logicalId,
      "GatewayResponses works only with inline Swagger specified in 'DefinitionBody' property.",
    );
  }
  for (const [name, response] of Object.entries(responses))
    checkResponse(logicalId, name, response);
  if (!isSwagger(body)) {
    throw resourceProblem(
      logicalId,
      "Unable to add Auth configuration because 'DefinitionBody' does not contain a valid Swagger definition.",
    );
  }
  const document = openSwagger(body);
  const made = Object.entries(responses).map(([name, response]) => [
    name,
    makeResponse(logicalId, name, mapOr(response)),
  ]);
  Object.assign(
    memberOf(document, 'x-amazon-apigateway-gateway-responses'),
    Object.fromEntries(made),
  );
  return document;
}

function checkResponse(logicalId: string, name: string, response: unknown): void {
  if (isIntrinsic(response)) {
    throw resourceProblem(
      logicalId,
      'Unable to set GatewayResponses attribute because intrinsic functions are not supported for this field.',
    );
  }
  if (!isMap(response)) {
    throw resourceProblem(
      logicalId,
      `Invalid property type '${pythonType(response)}' for GatewayResponses. Expected an object of type 'GatewayResponse'.`,
    );
  }
  const stranger = Object.keys(response).find((key) => !RESPONSE_MEMBERS.includes(key));
  if (stranger !== undefined) {
    throw resourceProblem(
      logicalId,
      `Invalid property '${stranger}' in 'GatewayResponses' property '${name}'.`,
    );
  }
}

const PARAMETER_KINDS = { Headers: 'header', Paths: 'path', QueryStrings: 'querystring' } as const;

function makeResponse(logicalId: string, name: string, response: JsonMap): JsonMap {
  const owner = { resource: logicalId };
  const given = response['ResponseParameters'];
  const path = `GatewayResponses.${name}.ResponseParameters`;
  const parameters = isFilled(given) ? expectMap(given, owner, path) : {};
  const stranger = Object.keys(parameters).find((key) => !Object.hasOwn(PARAMETER_KINDS, key));
  if (stranger !== undefined) {
    throw resourceProblem(logicalId, `Invalid gateway response parameter '${stranger}'`);
  }
  const status = response['StatusCode'];
  if (isFilled(status) && !/^[0-9]{1,3}$/.test(String(status))) {
    throw resourceProblem(logicalId, "Property 'StatusCode' must be numeric");
  }
  const prefixed: JsonMap = {};
  for (const [kind, prefix] of Object.entries(PARAMETER_KINDS)) {
    const own = expectMap(parameters[kind] ?? {}, owner, `ResponseParameters.${kind}`);
    for (const [key, value] of Object.entries(own))
      prefixed[`gatewayresponse.${prefix}.${key}`] = value;
  }
  return {
    responseParameters: prefixed,
    responseTemplates: isFilled(response['ResponseTemplates']) ? response['ResponseTemplates'] : {},
    ...(isSet(status) ? { statusCode: String(status) } : {}),
  };
}

export function addRestModels({ logicalId, properties }: Declared, body: unknown): unknown {
  if (!isFilled(properties['Models'])) return body;
  const models = mapOr(properties['Models']);
  if (!isFilled(body)) {
    throw resourceProblem(
      logicalId,
      "Models works only with inline Swagger specified in 'DefinitionBody' property.",
    );
  }
  if (!isSwagger(body)) {
    throw resourceProblem(
      logicalId,
      "Unable to add Models definitions because 'DefinitionBody' does not contain a valid Swagger definition.",
    );
  }
  if (!Object.values(models).every(isMap)) {
    throw resourceProblem(logicalId, "Invalid value for 'Models' property");
  }
  const document = openSwagger(body);
  addModels(document, models);
  return toOpenApi3(document, properties['OpenApiVersion']);
}
