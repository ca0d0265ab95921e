// HttpApi events: a route of an HTTP API that calls a function.
import { checkAuthorizerTypes, lambdaUri } from './api-event.ts';
import type { ApiEvent } from './api-event.ts';
import type { CfnResource } from './cfn-resource.ts';
import { expectMap } from './expect.ts';
import {
  DEFAULT_ROUTE,
  addHttpIntegration,
  addPathParameters,
  addRouteAuth,
  isDefaultRouteOf,
  openOpenApi,
  setPayloadVersion,
} from './open-api.ts';
import type { OpenApiDocument } from './open-api.ts';
import { ANY_METHOD, hasIntegration, setIntegrationTimeout } from './path-editor.ts';
import { makePermission } from './permission.ts';
import { SamError, eventProblem, resourceProblem } from './sam-error.ts';
import { isFilled, isMap, isSet, mapOr, printValue, sub } from './values.ts';
import type { JsonMap } from './values.ts';

interface Route {
  readonly apiId: string;
  readonly api: JsonMap;
  readonly path: string;
  readonly method: string;
}

export function makeHttpApiEvent(apiEvent: ApiEvent): CfnResource[] {
  const { context, event } = apiEvent;
  const given = event.properties['ApiId'];
  const apiId = String(isMap(given) && 'Ref' in given ? given['Ref'] : given);
  const api = mapOr(mapOr(context.source[apiId])['Properties']);
  const route: Route = {
    apiId,
    api,
    path: String(event.properties['Path']),
    method: String(event.properties['Method']).toLowerCase(),
  };
  const permission = makeRoutePermission(apiEvent, route);
  addRoute(apiEvent, route);
  return permission === undefined ? [] : [permission];
}

function makeRoutePermission({ event, target }: ApiEvent, route: Route): CfnResource | undefined {
  const { api, apiId, method } = route;
  let path = route.path.replace(/^(.+)\/$/, '$1');
  const document = isFilled(api['DefinitionBody']) ? openFor(apiId, api) : undefined;
  if (path === DEFAULT_ROUTE) path = '';
  // The permission for the default route holds for every other of the same function.
  else if (document !== undefined && isDefaultRouteOf(document, target.logicalId)) return undefined;
  path = path.replace(/\{([a-zA-Z0-9._-]+|proxy\+)\}/g, '*');
  const verb = method === 'any' || method === ANY_METHOD ? '*' : method.toUpperCase();
  const resource =
    method === 'any' && path === `/${DEFAULT_ROUTE}`
      ? `\${__ApiId__}/\${__Stage__}${path}`
      : `\${__ApiId__}/\${__Stage__}/${verb}${path}`;
  return makePermission({
    prefix: event.logicalId,
    target,
    principal: 'apigateway.amazonaws.com',
    sourceArn: sub(
      `arn:\${AWS::Partition}:execute-api:\${AWS::Region}:\${AWS::AccountId}:${resource}`,
      {
        __ApiId__: event.properties['ApiId'],
        __Stage__: '*',
      },
    ),
  });
}

/** Mistakes in the document are the API's. */
function openFor(apiId: string, api: JsonMap): OpenApiDocument {
  try {
    return openOpenApi(api['DefinitionBody']);
  } catch (error) {
    if (!(error instanceof SamError)) throw error;
    throw resourceProblem(apiId, error.problems.join(' '));
  }
}

function addRoute({ event, eventId, target }: ApiEvent, route: Route): void {
  const { api, path, method } = route;
  const { properties } = event;
  if (!isSet(api['DefinitionBody'])) return;
  const document = openOpenApi(api['DefinitionBody']);
  if (isFilled(api['__MANAGE_SWAGGER']) && hasIntegration(document.paths, path, method)) {
    throw eventProblem(
      eventId,
      `API method '${method}' defined multiple times for path '${path}'.`,
    );
  }
  const uri = lambdaUri(target, '${AWS::Partition}', false);
  addHttpIntegration(document, { path, method, uri, condition: target.condition });
  const auth = properties['Auth'];
  if (isFilled(auth)) addAuth(document, { eventId, route, auth: mapOr(auth) });
  if (isFilled(properties['TimeoutInMillis'])) {
    setIntegrationTimeout(document.paths, path, { method, timeout: properties['TimeoutInMillis'] });
  }
  const names = [...path.matchAll(/\{(.*?)\}/g)].map((match) => match[1] ?? '');
  if (names.length > 0) addPathParameters(document, { path, method }, names);
  if (isFilled(properties['PayloadFormatVersion'])) {
    setPayloadVersion(document, { path, method }, properties['PayloadFormatVersion']);
  }
  api['DefinitionBody'] = document;
}

interface AuthUse {
  readonly eventId: string;
  readonly route: Route;
  readonly auth: JsonMap;
}

function addAuth(document: OpenApiDocument, { eventId, route, auth }: AuthUse): void {
  const { apiId, path, method } = route;
  const given = 'Auth' in route.api ? route.api['Auth'] : {};
  const apiAuth = expectMap(given, { resource: apiId }, 'Auth');
  const fallback = apiAuth['DefaultAuthorizer'];
  if (!isFilled(auth['Authorizer'])) {
    if (!isFilled(fallback)) {
      throw eventProblem(
        eventId,
        "'Auth' section requires either an explicit 'Authorizer' set or a 'DefaultAuthorizer' configured on the HttpApi.",
      );
    }
    auth['Authorizer'] = fallback;
  }
  checkAuthorizer({ eventId, route, auth }, apiAuth);
  const scopes = auth['AuthorizationScopes'];
  if (isFilled(scopes) && !Array.isArray(scopes)) {
    throw eventProblem(
      eventId,
      `Unable to set Authorizer on API method [${method}] for path [${path}] because ` +
        "'AuthorizationScopes' must be a list of strings.",
    );
  }
  addRouteAuth(document, { path, method, auth, authorizers: apiAuth['Authorizers'] });
}

function checkAuthorizer({ eventId, route, auth }: AuthUse, apiAuth: JsonMap): void {
  const name = auth['Authorizer'];
  const authorizers = isFilled(apiAuth) ? apiAuth['Authorizers'] : {};
  const isIam = name === 'AWS_IAM' && apiAuth['EnableIamAuthorizer'] === true;
  const on = `on API method [${route.method}] for path [${route.path}]`;
  const which = `Unable to set Authorizer [${printValue(name)}] ${on}`;
  if (name === 'NONE') {
    if (isFilled(apiAuth['DefaultAuthorizer'])) return;
    throw eventProblem(
      eventId,
      `Unable to set Authorizer ${on} because 'NONE' is only a valid value when a DefaultAuthorizer on the API is specified.`,
    );
  }
  if (isIam) return;
  checkAuthorizerTypes({ eventId, which, name, authorizers });
  if (!isFilled(authorizers)) {
    throw eventProblem(
      eventId,
      `${which} because the related API does not define any Authorizers.`,
    );
  }
  if (!isFilled(mapOr(authorizers)[String(name)])) {
    throw eventProblem(eventId, `${which} because it wasn't defined in the API's Authorizers.`);
  }
}
