// APIs that events imply: routes of functions and state machines go into the API's document before anything
// else is transformed, and an API that nobody declared is made for them.
import { combineConditions } from './combined-condition.ts';
import { expectMap, expectSet, expectText } from './expect.ts';
import { isOpenApi, openApiSkeleton, openOpenApi } from './open-api.ts';
import { ANY_METHOD, addPath, makePathConditional } from './path-editor.ts';
import { SamError, SamProblem, eventProblem, resourceProblem } from './sam-error.ts';
import { isSwagger, openSwagger, swaggerSkeleton } from './swagger.ts';
import { clone, isFilled, isMap, mapOr, when } from './values.ts';
import type { JsonMap } from './values.ts';

interface Flavour {
  readonly eventType: 'Api' | 'HttpApi';
  readonly resourceType: string;
  /** Member of the event that names the API. */
  readonly idProperty: 'RestApiId' | 'ApiId';
  readonly logicalId: string;
  readonly skeleton: () => JsonMap;
  readonly isDocument: (body: unknown) => boolean;
  readonly open: (body: unknown) => JsonMap & { paths: JsonMap };
}

const REST: Flavour = {
  eventType: 'Api',
  resourceType: 'AWS::Serverless::Api',
  idProperty: 'RestApiId',
  logicalId: 'ServerlessRestApi',
  skeleton: () => ({
    Type: 'AWS::Serverless::Api',
    Properties: { StageName: 'Prod', DefinitionBody: swaggerSkeleton(), __MANAGE_SWAGGER: true },
  }),
  isDocument: isSwagger,
  open: openSwagger,
};

const HTTP: Flavour = {
  eventType: 'HttpApi',
  resourceType: 'AWS::Serverless::HttpApi',
  idProperty: 'ApiId',
  logicalId: 'ServerlessHttpApi',
  skeleton: () => ({
    Type: 'AWS::Serverless::HttpApi',
    Properties: { DefinitionBody: openApiSkeleton(), __MANAGE_SWAGGER: true },
  }),
  isDocument: isOpenApi,
  open: openOpenApi,
};

/** APIs without a document get an empty one, which the transform manages. */
export function addDefaultDocuments(template: JsonMap): void {
  const resources = template['Resources'] as Record<string, JsonMap>;
  for (const flavour of [REST, HTTP]) {
    for (const resource of Object.values(resources)) {
      if (resource['Type'] !== flavour.resourceType) continue;
      resource['Properties'] ??= {};
      const properties = resource['Properties'] as JsonMap;
      if (isFilled(properties['DefinitionBody']) || isFilled(properties['DefinitionUri'])) continue;
      properties['DefinitionBody'] = mapOr(flavour.skeleton()['Properties'])['DefinitionBody'];
      properties['__MANAGE_SWAGGER'] = true;
    }
  }
}

export function addImplicitRestApi(template: JsonMap): void {
  addImplicitApi(template, REST);
}

export function addImplicitHttpApi(template: JsonMap): void {
  addImplicitApi(template, HTTP);
}

/** What the events of one API say about conditions and policies. */
interface ApiUse {
  /** path → method → condition */
  readonly conditions: Map<string, Map<string, unknown>>;
  readonly deletionPolicies: unknown[];
  readonly replacePolicies: unknown[];
}

interface Pass {
  readonly template: JsonMap;
  readonly resources: Record<string, JsonMap>;
  readonly flavour: Flavour;
  readonly uses: Map<string, ApiUse>;
}

function addImplicitApi(template: JsonMap, flavour: Flavour): void {
  const resources = template['Resources'] as Record<string, JsonMap>;
  const pass: Pass = { template, resources, flavour, uses: new Map() };
  const declared = clone(resources[flavour.logicalId]);
  resources[flavour.logicalId] = flavour.skeleton();
  const problems: string[] = [];
  for (const [logicalId, resource] of Object.entries(resources)) {
    if (
      resource['Type'] !== 'AWS::Serverless::Function' &&
      resource['Type'] !== 'AWS::Serverless::StateMachine'
    )
      continue;
    try {
      addEvents(pass, resource);
    } catch (error) {
      if (!(error instanceof SamProblem) || error.kind !== 'event') throw error;
      problems.push(resourceProblem(logicalId, error.message).message);
    }
  }
  addConditions(pass);
  addPolicies(pass);
  addPathConditions(pass);
  const implicit = mapOr(resources[flavour.logicalId]);
  const body = mapOr(mapOr(implicit['Properties'])['DefinitionBody']);
  if (Object.keys(mapOr(body['paths'])).length === 0) {
    if (declared === undefined) delete resources[flavour.logicalId];
    else resources[flavour.logicalId] = declared;
  }
  if (problems.length > 0) throw new SamError(problems);
}

function addEvents(pass: Pass, resource: JsonMap): void {
  const { flavour } = pass;
  const events = mapOr(mapOr(resource['Properties'])['Events']);
  for (const [eventId, event] of Object.entries(events)) {
    if (!isMap(event) || event['Type'] !== flavour.eventType) continue;
    const given = event['Properties'] ?? {};
    if (flavour === REST && !isFilled(given)) continue;
    const properties = expectMap(given, { event: eventId }, '', 'Properties should be a map.');
    event['Properties'] = properties;
    propagateTags(pass, resource, properties);
    properties[flavour.idProperty] ??= { Ref: flavour.logicalId };
    if (flavour === HTTP && !isFilled(properties['Path']) && !isFilled(properties['Method'])) {
      properties['Path'] = '$default';
      properties['Method'] = ANY_METHOD;
    }
    addEvent(pass, { resource, eventId, properties });
  }
}

/** The implicit API takes the tags of the functions that make it, when they are to be propagated. */
function propagateTags(
  { template, resources, flavour }: Pass,
  resource: JsonMap,
  event: JsonMap,
): void {
  if (flavour.idProperty in event) return;
  const section = String(resource['Type']).slice('AWS::Serverless::'.length);
  const properties = mapOr(resource['Properties']);
  const globals = mapOr(mapOr(template['Globals'])[section]);
  const tags = isFilled(properties['Tags']) ? properties['Tags'] : globals['Tags'];
  const wanted = isFilled(properties['PropagateTags'])
    ? properties['PropagateTags']
    : globals['PropagateTags'];
  if (!isFilled(tags) || !isFilled(wanted)) return;
  const implicit = mapOr(mapOr(resources[flavour.logicalId])['Properties']);
  implicit['Tags'] = { ...mapOr(implicit['Tags']), ...mapOr(tags) };
  implicit['PropagateTags'] = true;
}

interface ApiEvent {
  readonly resource: JsonMap;
  readonly eventId: string;
  readonly properties: JsonMap;
}

function addEvent(pass: Pass, { resource, eventId, properties }: ApiEvent): void {
  const { flavour, resources } = pass;
  const owner = { event: eventId };
  const given = properties[flavour.idProperty];
  const id = isMap(given) && 'Ref' in given ? given['Ref'] : given;
  expectSet(properties['Path'], owner, 'Path');
  expectSet(properties['Method'], owner, 'Method');
  const apiId = expectText(id, owner, flavour.idProperty);
  const path = expectText(properties['Path'], owner, 'Path');
  const method = expectText(properties['Method'], owner, 'Method');
  recordUse(pass, { apiId, path, method, resource });
  const api = resources[apiId];
  const isOtherKind = api?.['Type'] === HTTP.resourceType && flavour === REST;
  if (api === undefined || isOtherKind) {
    throw eventProblem(
      eventId,
      `${flavour.idProperty} must be a valid reference to an '${flavour.resourceType}' resource in same template.`,
    );
  }
  const apiProperties = api['Properties'];
  if (isMap(apiProperties) && flavour.isDocument(apiProperties['DefinitionBody'])) {
    if (isFilled(apiProperties['__MANAGE_SWAGGER'])) {
      const document = flavour.open(apiProperties['DefinitionBody']);
      addPath(document.paths, path, method);
      apiProperties['DefinitionBody'] = document;
    }
  }
  if (flavour === HTTP && 'RouteSettings' in properties) {
    addRouteSettings(mapOr(apiProperties), {
      apiId,
      eventId,
      properties,
      condition: resource['Condition'],
    });
  }
}

function recordUse(
  { uses }: Pass,
  use: { apiId: string; path: string; method: string; resource: JsonMap },
): void {
  const { apiId, path, method, resource } = use;
  const known: ApiUse = uses.get(apiId) ?? {
    conditions: new Map(),
    deletionPolicies: [],
    replacePolicies: [],
  };
  const methods = known.conditions.get(path) ?? new Map<string, unknown>();
  methods.set(method, resource['Condition']);
  known.conditions.set(path, methods);
  known.deletionPolicies.push(resource['DeletionPolicy']);
  known.replacePolicies.push(resource['UpdateReplacePolicy']);
  uses.set(apiId, known);
}

function addRouteSettings(
  api: JsonMap,
  {
    apiId,
    eventId,
    properties,
    condition,
  }: { apiId: string; eventId: string; properties: JsonMap; condition: unknown },
): void {
  const path = String(properties['Path']);
  const method = String(properties['Method']);
  const route = method === ANY_METHOD ? path : `${method.toUpperCase()} ${path}`;
  const settings = expectMap(api['RouteSettings'] ?? {}, { resource: apiId }, 'RouteSettings');
  const own = isFilled(condition)
    ? when(condition, properties['RouteSettings'])
    : properties['RouteSettings'];
  settings[route] = {
    ...mapOr(settings[route]),
    ...expectMap(own, { event: eventId }, 'RouteSettings'),
  };
  api['RouteSettings'] = settings;
}

/** An implicit API whose every route is conditional is conditional itself. */
function addConditions({ template, resources, flavour, uses }: Pass): void {
  const use = uses.get(flavour.logicalId);
  if (use === undefined) return;
  const conditions = new Set(
    [...use.conditions.values()].flatMap((methods) => [...methods.values()]),
  );
  if (conditions.size === 0 || [...conditions].some((one) => !isFilled(one))) return;
  const names = [...conditions].map(String);
  const implicit = mapOr(resources[flavour.logicalId]);
  const [only = ''] = names;
  const name = names.length === 1 ? only : `${flavour.logicalId}Condition`;
  if (names.length > 1) addCombined(template, names, name);
  implicit['Condition'] = name;
}

function addCombined(template: JsonMap, names: readonly string[], name: string): void {
  const conditions = mapOr((template['Conditions'] ??= {}));
  Object.assign(conditions, combineConditions(names.toSorted(), name));
}

/** The most careful policy of the functions behind an implicit API is the API's. */
function addPolicies({ resources, flavour, uses }: Pass): void {
  const use = uses.get(flavour.logicalId);
  if (use === undefined) return;
  const implicit = mapOr(resources[flavour.logicalId]);
  const deletion = ['Retain', 'Delete'].find((policy) => use.deletionPolicies.includes(policy));
  const replace = ['Retain', 'Snapshot', 'Delete'].find((policy) =>
    use.replacePolicies.includes(policy),
  );
  if (deletion !== undefined) implicit['DeletionPolicy'] = deletion;
  if (replace !== undefined) implicit['UpdateReplacePolicy'] = replace;
}

/** A path whose every method is conditional is conditional itself. */
function addPathConditions(pass: Pass): void {
  const { template, resources, flavour, uses } = pass;
  for (const [apiId, api] of Object.entries(resources)) {
    const properties = api['Properties'];
    if (api['Type'] !== flavour.resourceType || !isMap(properties)) continue;
    if (!isFilled(properties['__MANAGE_SWAGGER'])) continue;
    const document = flavour.open(properties['DefinitionBody']);
    for (const path of Object.keys(document.paths)) {
      const methods = uses.get(apiId)?.conditions.get(path);
      const conditions = new Set(methods?.values() ?? []);
      if (conditions.size === 0 || [...conditions].some((one) => !isFilled(one))) continue;
      const names = [...conditions].map(String);
      const [only = ''] = names;
      const name = names.length === 1 ? only : pathConditionName(apiId, path);
      if (names.length > 1) addCombined(template, names, name);
      makePathConditional(document.paths, path, name);
    }
    properties['DefinitionBody'] = document;
  }
}

function pathConditionName(apiId: string, path: string): string {
  const readable = path.replaceAll('/', 'SLASH').replaceAll('{', 'OB').replaceAll('}', 'CB');
  return `${apiId}${readable}PathCondition`;
}
