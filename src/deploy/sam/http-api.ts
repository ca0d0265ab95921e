// AWS::Serverless::HttpApi: an HTTP API with its stage, authorizers and domain.
import { HTTP_IAM, expectAuthorizerName, readHttpAuthorizer } from './authorizer.ts';
import type { Authorizer } from './authorizer.ts';
import { make, propagateTags } from './cfn-resource.ts';
import type { CfnResource } from './cfn-resource.ts';
import type { SamContext } from './context.ts';
import { makeHttpDomain } from './custom-domain.ts';
import { expectMap } from './expect.ts';
import { hashedId } from './logical-id.ts';
import {
  addDocumentTags,
  addHttpCors,
  addSecuritySchemes,
  disableHttpEndpoint,
  isOpenApi,
  openOpenApi,
  setDefaultRouteAuth,
} from './open-api.ts';
import type { OpenApiDocument } from './open-api.ts';
import { inherited } from './read-properties.ts';
import type { Declared } from './read-properties.ts';
import { documentLocation } from './s3-location.ts';
import { resourceProblem } from './sam-error.ts';
import {
  isAlphanumeric,
  isFilled,
  isIntrinsic,
  isMap,
  isNoValue,
  isSet,
  mapOr,
  ref,
  sub,
} from './values.ts';
import type { JsonMap } from './values.ts';

const TAG = 'httpapi:createdBy';
const DEFAULT_STAGE = '$default';

interface HttpApi {
  readonly context: SamContext;
  readonly declared: Declared;
  readonly attributes: JsonMap;
}

export function transformHttpApi(context: SamContext, declared: Declared): CfnResource[] {
  const { logicalId, properties } = declared;
  for (const name of ['CorsConfiguration', 'Domain'])
    properties[name] = context.resolve(properties[name]);
  const api: HttpApi = { context, declared, attributes: inherited(declared.attributes) };
  const http = makeHttpApi(api);
  const domain = isSet(properties['Domain'])
    ? makeHttpDomain(
        {
          logicalId,
          domain: mapOr(properties['Domain']),
          attributes: api.attributes,
          recordSets: context.recordSets,
        },
        TAG,
      )
    : [];
  const made = [http, ...makePermissions(api), ...domain, makeStage(api)];
  // AWS: tags of an HTTP API go to its stage and domain whenever the transform writes its document.
  propagateTags(made, properties['Tags'], isSet(properties['DefinitionBody']));
  return made;
}

function makeHttpApi(api: HttpApi): CfnResource {
  const { declared } = api;
  const { logicalId, properties } = declared;
  const uri = properties['DefinitionUri'];
  if (isFilled(uri) && isFilled(properties['DefinitionBody'])) {
    throw resourceProblem(
      logicalId,
      "Specify either 'DefinitionUri' or 'DefinitionBody' property and not both.",
    );
  }
  const body = makeBody(api);
  if (!isFilled(uri) && !isFilled(body)) {
    throw resourceProblem(
      logicalId,
      "'DefinitionUri' or 'DefinitionBody' are required properties of an 'AWS::Serverless::HttpApi'. Add a value " +
        "for one of these properties or add a 'HttpApi' event to an 'AWS::Serverless::Function'.",
    );
  }
  return make({
    logicalId,
    type: 'AWS::ApiGatewayV2::Api',
    attributes: declared.attributes,
    dependsOn: declared.dependsOn,
    properties: {
      FailOnWarnings: isFilled(properties['FailOnWarnings'])
        ? properties['FailOnWarnings']
        : undefined,
      BodyS3Location: isFilled(uri) ? documentLocation(uri, logicalId) : undefined,
      Body: isFilled(uri) ? undefined : body,
    },
  });
}

function makeBody(api: HttpApi): unknown {
  const { declared } = api;
  const { logicalId, properties } = declared;
  let body = properties['DefinitionBody'];
  if (isFilled(properties['CorsConfiguration'])) body = addCors(declared, body);
  if (isFilled(properties['Auth'])) body = addAuth(api, body);
  body = addTags(declared, body);
  if (isSet(properties['DisableExecuteApiEndpoint'])) {
    if (!isFilled(body)) {
      throw resourceProblem(
        logicalId,
        "DisableExecuteApiEndpoint works only within 'DefinitionBody' property.",
      );
    }
    const document = openOpenApi(body);
    disableHttpEndpoint(document, properties['DisableExecuteApiEndpoint']);
    body = document;
  }
  body = addInfo(declared, body, { property: 'Name', member: 'title' });
  body = addInfo(declared, body, { property: 'Description', member: 'description' });
  return renameDefaultPath(declared, body);
}

const CORS_MEMBERS = [
  'AllowMethods', 'AllowHeaders', 'AllowOrigins', 'MaxAge', 'ExposeHeaders', 'AllowCredentials',
]; // prettier-ignore

function addCors({ logicalId, properties }: Declared, body: unknown): OpenApiDocument {
  const given = properties['CorsConfiguration'];
  if (!isFilled(body)) {
    throw resourceProblem(
      logicalId,
      "Cors works only with inline OpenApi specified in 'DefinitionBody' property.",
    );
  }
  let cors: JsonMap;
  if (typeof given === 'boolean') cors = { AllowOrigins: ['*'] };
  else if (isIntrinsic(given)) cors = { AllowOrigins: given };
  else if (isMap(given)) cors = given;
  else throw resourceProblem(logicalId, "Invalid value for 'Cors' property.");
  const stranger = Object.keys(cors).find((key) => !CORS_MEMBERS.includes(key));
  if (stranger !== undefined)
    throw resourceProblem(logicalId, `Invalid key '${stranger}' for 'Cors' property.`);
  if (!isOpenApi(body)) {
    throw resourceProblem(
      logicalId,
      "Unable to add Cors configuration because 'DefinitionBody' does not contain a valid OpenApi definition.",
    );
  }
  const origins = cors['AllowOrigins'];
  const isAny = Array.isArray(origins) && origins.length === 1 && origins[0] === '*';
  if (cors['AllowCredentials'] === true && isAny) {
    throw resourceProblem(
      logicalId,
      "Unable to add Cors configuration because 'AllowCredentials' can not be true when 'AllowOrigin' is \"'*'\" or not set.",
    );
  }
  const document = openOpenApi(body);
  addHttpCors(document, cors);
  return document;
}

function addAuth(api: HttpApi, body: unknown): OpenApiDocument {
  const { logicalId, properties } = api.declared;
  const auth = mapOr(properties['Auth']);
  if (!isFilled(body)) {
    throw resourceProblem(
      logicalId,
      "Auth works only with inline OpenApi specified in the 'DefinitionBody' property.",
    );
  }
  const known = ['Authorizers', 'DefaultAuthorizer', 'EnableIamAuthorizer'];
  if (Object.keys(auth).some((key) => !known.includes(key))) {
    throw resourceProblem(logicalId, "Invalid value for 'Auth' property");
  }
  if (!isOpenApi(body)) {
    throw resourceProblem(
      logicalId,
      "Unable to add Auth configuration because 'DefinitionBody' does not contain a valid OpenApi definition.",
    );
  }
  const document = openOpenApi(body);
  const authorizers = readAuthorizers(api);
  addSecuritySchemes(
    document,
    Object.fromEntries([...authorizers].map(([name, one]) => [name, one.scheme])),
  );
  const fallback = auth['DefaultAuthorizer'];
  if (!isFilled(fallback) || isNoValue(fallback)) return document;
  const name = expectAuthorizerName(logicalId, fallback);
  const authorizer = authorizers.get(name);
  if (authorizer === undefined) {
    throw resourceProblem(
      logicalId,
      `Unable to set DefaultAuthorizer because '${name}' was not defined in 'Authorizers'.`,
    );
  }
  for (const path of Object.keys(document.paths)) {
    setDefaultRouteAuth(document, path, { name, scopes: authorizer.scopes });
  }
  return document;
}

function readAuthorizers({ context, declared }: HttpApi): Map<string, Authorizer> {
  const { logicalId, properties } = declared;
  const auth = mapOr(properties['Auth']);
  const authorizers = new Map<string, Authorizer>();
  if (auth['EnableIamAuthorizer'] === true) authorizers.set('AWS_IAM', HTTP_IAM);
  if (!isFilled(auth['Authorizers'])) return authorizers;
  const owner = { resource: logicalId };
  const all = expectMap(auth['Authorizers'], owner, 'Auth.Authorizers');
  for (const [name, value] of Object.entries(all)) {
    const given = expectMap(value, owner, `Auth.Authorizers.${name}`);
    authorizers.set(
      name,
      readHttpAuthorizer({ apiId: logicalId, partition: context.partition, name, given }),
    );
  }
  return authorizers;
}

function addTags({ logicalId, properties }: Declared, body: unknown): unknown {
  const given = properties['Tags'];
  if (isFilled(given) && !isFilled(body)) {
    throw resourceProblem(
      logicalId,
      "Tags works only with inline OpenApi specified in the 'DefinitionBody' property.",
    );
  }
  if (!isFilled(body)) return body;
  if (!isOpenApi(body)) {
    if (!isFilled(given)) return body;
    throw resourceProblem(
      logicalId,
      "Unable to add `Tags` because 'DefinitionBody' does not contain a valid OpenApi definition.",
    );
  }
  const tags = { ...mapOr(given), [TAG]: 'SAM' };
  properties['Tags'] = tags;
  const document = openOpenApi(body);
  addDocumentTags(document, tags);
  return document;
}

function addInfo(
  { logicalId, properties }: Declared,
  body: unknown,
  {
    property,
    member,
  }: { readonly property: 'Name' | 'Description'; readonly member: 'title' | 'description' },
): unknown {
  const value = properties[property];
  if (!isFilled(value)) return body;
  if (!isFilled(body)) {
    throw resourceProblem(
      logicalId,
      `${property} works only with inline OpenApi specified in the 'DefinitionBody' property.`,
    );
  }
  const document = openOpenApi(body);
  const info = document['info'] ?? {};
  if (!isMap(info)) {
    const end = property === 'Name' ? '.' : "'.";
    throw resourceProblem(
      logicalId,
      `Invalid 'DefinitionBody': The value of 'info' should be a map${end}`,
    );
  }
  const present = info[member];
  const isDefault =
    property === 'Name' ? mapOr(present)['Ref'] === 'AWS::StackName' : !isFilled(present);
  if (!isDefault) {
    throw resourceProblem(
      logicalId,
      `Unable to set ${property} because it is already defined within inline OpenAPI specified in the ` +
        "'DefinitionBody' property.",
    );
  }
  info[member] = value;
  document['info'] = info;
  return document;
}

/** `$default` as a path makes a warning, which a strict API does not take. */
function renameDefaultPath({ properties }: Declared, body: unknown): unknown {
  if (!isFilled(properties['FailOnWarnings']) || !isMap(body)) return body;
  const paths = mapOr(body['paths']);
  if (DEFAULT_STAGE in paths) {
    paths[`/${DEFAULT_STAGE}`] = paths[DEFAULT_STAGE];
    delete paths[DEFAULT_STAGE];
  }
  return body;
}

function makePermissions(api: HttpApi): CfnResource[] {
  const { logicalId, properties } = api.declared;
  if (!isFilled(properties['Auth'])) return [];
  return [...readAuthorizers(api)]
    .filter(([, { needsPermission }]) => needsPermission)
    .map(([name, { functionArn }]) =>
      make({
        logicalId: `${logicalId}${name}AuthorizerPermission`,
        type: 'AWS::Lambda::Permission',
        attributes: api.attributes,
        properties: {
          Action: 'lambda:InvokeFunction',
          FunctionName: functionArn,
          Principal: 'apigateway.amazonaws.com',
          SourceArn: sub(
            'arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${__ApiId__}/authorizers/*',
            { __ApiId__: ref(logicalId) },
          ),
        },
      }),
    );
}

function makeStage({ declared, attributes }: HttpApi): CfnResource {
  const { logicalId, properties } = declared;
  const name = isFilled(properties['StageName']) ? properties['StageName'] : DEFAULT_STAGE;
  return make({
    logicalId: httpStageId(logicalId, name),
    type: 'AWS::ApiGatewayV2::Stage',
    attributes,
    properties: {
      ApiId: ref(logicalId),
      StageName: name,
      StageVariables: properties['StageVariables'],
      AccessLogSettings: properties['AccessLogSettings'],
      DefaultRouteSettings: properties['DefaultRouteSettings'],
      Tags: properties['Tags'],
      AutoDeploy: true,
      RouteSettings: properties['RouteSettings'],
    },
  });
}

function httpStageId(logicalId: string, name: unknown): string {
  const prefix = typeof name === 'string' ? name : '';
  if (isAlphanumeric(prefix)) return `${logicalId}${prefix}Stage`;
  if (prefix === DEFAULT_STAGE) return `${logicalId}ApiGatewayDefaultStage`;
  return hashedId(`${logicalId}Stage`, prefix);
}
