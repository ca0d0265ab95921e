// Who may call a REST API, as its Swagger document says it: security schemes, API keys, resource policies.
import { isDeepStrictEqual } from 'node:util';
import { documentError } from './sam-error.ts';
import { allMethods, methodDefinitions, securityOf } from './path-editor.ts';
import { memberOf, methodNames, wildcardPath } from './swagger.ts';
import type { SwaggerDocument } from './swagger.ts';
import { isFilled, isMap, isSet, mapOr, printValue, sub } from './values.ts';
import type { JsonMap } from './values.ts';

const SCHEMES = 'securityDefinitions';
const POLICY = 'x-amazon-apigateway-policy';

const IAM_SCHEME = {
  'x-amazon-apigateway-authtype': 'awsSigv4',
  type: 'apiKey',
  name: 'Authorization',
  in: 'header',
} as const;
const API_KEY_SCHEME = { type: 'apiKey', name: 'x-api-key', in: 'header' } as const;

export function addScheme(document: SwaggerDocument, name: string, scheme: JsonMap): void {
  memberOf(document, SCHEMES)[name] = scheme;
}

function addIamScheme(document: SwaggerDocument, definition: JsonMap): void {
  const [first] = definition['security'] as JsonMap[];
  if (first === undefined || !('AWS_IAM' in first)) return;
  const schemes = memberOf(document, SCHEMES);
  schemes['AWS_IAM'] ??= { ...IAM_SCHEME };
}

export function addApiKeyScheme(document: SwaggerDocument): void {
  const schemes = memberOf(document, SCHEMES);
  if (!isMap(schemes)) throw documentError('securityDefinitions must be a dictionary.');
  schemes['api_key'] ??= { ...API_KEY_SCHEME };
}

function expectSecurity(security: unknown, path: string, method: string): JsonMap {
  if (isMap(security)) return security;
  throw documentError(
    `${printValue(security)} in Security for path ${path} method ${method} is not a valid dictionary.`,
  );
}

export interface DefaultAuthorizer {
  readonly name: string;
  /** Authorizers of the API and their scopes. */
  readonly scopes: ReadonlyMap<string, unknown>;
  readonly onPreflight: boolean;
}

/** Sets the authorizer on every method of the path that has none of its own. */
export function setDefaultAuthorizer(
  document: SwaggerDocument,
  path: string,
  authorizer: DefaultAuthorizer,
): void {
  const known = new Set(['AWS_IAM', ...authorizer.scopes.keys()]);
  for (const { method, definition } of allMethods(document.paths, path)) {
    if (!authorizer.onPreflight && method === 'options') continue;
    const existing = securityOf(definition, path, method).map((one) =>
      expectSecurity(one, path, method),
    );
    const isOurs = (one: JsonMap): boolean => Object.keys(one).some((scheme) => known.has(scheme));
    const others = existing.filter((one) => !isOurs(one));
    const own = existing.filter(isOurs);
    const none = others.findIndex((one) => 'NONE' in one);
    let chosen: JsonMap[];
    if (none !== -1) {
      // `NONE` on a method: not even the default.
      others.splice(none, 1);
      chosen = [];
    } else if (own.length > 0) {
      chosen = own;
    } else {
      chosen = [{ [authorizer.name]: authorizer.scopes.get(authorizer.name) ?? [] }];
    }
    const security = [...others, ...chosen];
    if (security.length === 0) continue;
    definition['security'] = security;
    addIamScheme(document, definition);
  }
}

/** Asks for an API key on every method of the path that does not say otherwise. */
export function setDefaultApiKey(
  document: SwaggerDocument,
  path: string,
  onPreflight: boolean,
): void {
  for (const { method, definition } of allMethods(document.paths, path)) {
    const existing = securityOf(definition, path, method).map((one) =>
      expectSecurity(one, path, method),
    );
    const isKey = (one: JsonMap): boolean => 'api_key' in one || 'api_key_false' in one;
    const others = existing.filter((one) => !isKey(one));
    const isRefused = existing.some((one) => 'api_key_false' in one);
    const isSkipped = isRefused || (method === 'options' && !onPreflight);
    const security = isSkipped ? others : [...others, { api_key: [] }];
    if (!isDeepStrictEqual(security, existing)) definition['security'] = security;
  }
}

export interface MethodAuth {
  readonly path: string;
  readonly method: string;
  /** The event's Auth. */
  readonly auth: JsonMap;
  /** The API's Authorizers. */
  readonly authorizers: unknown;
}

/** The authorizer and API key setting of one method. */
export function addAuthToMethod(
  document: SwaggerDocument,
  { path, method, auth, authorizers }: MethodAuth,
): void {
  const name = auth['Authorizer'];
  if (isFilled(name)) {
    for (const definition of methodDefinitions(document.paths, path, method)) {
      const scopes = scopesOf(String(name), { authorizers, own: auth['AuthorizationScopes'] });
      definition['security'] = [
        ...securityOf(definition, path, method),
        { [String(name)]: scopes },
      ];
      addIamScheme(document, definition);
    }
  }
  const needsKey = auth['ApiKeyRequired'];
  if (!isSet(needsKey)) return;
  for (const definition of methodDefinitions(document.paths, path, method)) {
    if (isFilled(needsKey)) addApiKeyScheme(document);
    const marker = isFilled(needsKey) ? 'api_key' : 'api_key_false';
    definition['security'] = [...securityOf(definition, path, method), { [marker]: [] }];
  }
}

function scopesOf(
  name: string,
  { authorizers, own }: { authorizers: unknown; own: unknown },
): unknown {
  if (name === 'NONE' || !isFilled(authorizers) || !isMap(authorizers)) return [];
  const authorizer = authorizers[name];
  if (authorizer === undefined) return [];
  if (!isMap(authorizer)) throw documentError(`Type of authorizer '${name}' must be a dictionary`);
  return own ?? authorizer['AuthorizationScopes'] ?? [];
}

interface PolicyPlace {
  readonly path: string;
  readonly stage: unknown;
}

/** Statements for one path from the lists of a `ResourcePolicy`. */
export function addResourcePolicy(
  document: SwaggerDocument,
  policy: JsonMap,
  place: PolicyPlace,
): void {
  const resources = methodArns(document, place);
  const statements = openPolicy(document);
  addAccounts(statements, { list: policy['AwsAccountWhitelist'], effect: 'Allow', resources });
  addAccounts(statements, { list: policy['AwsAccountBlacklist'], effect: 'Deny', resources });
  addAddresses(statements, {
    list: policy['IpRangeWhitelist'],
    operator: 'NotIpAddress',
    resources,
  });
  addAddresses(statements, { list: policy['IpRangeBlacklist'], operator: 'IpAddress', resources });
  addNetworks(statements, { policy, color: 'Blacklist', operator: 'StringEquals', resources });
  addNetworks(statements, { policy, color: 'Whitelist', operator: 'StringNotEquals', resources });
  document[POLICY] = statements.policy;
}

export function addCustomStatements(document: SwaggerDocument, custom: unknown): void {
  const { policy } = openPolicy(document);
  policy['Version'] = '2012-10-17';
  if (!isSet(policy['Statement'])) {
    policy['Statement'] = custom;
  } else {
    const statements = listOf(policy['Statement']);
    for (const one of listOf(custom)) {
      if (!statements.some((other) => isDeepStrictEqual(other, one))) statements.push(one);
    }
    policy['Statement'] = statements;
  }
  document[POLICY] = policy;
}

interface OpenPolicy {
  readonly policy: JsonMap;
}

function openPolicy(document: SwaggerDocument): OpenPolicy {
  return { policy: isFilled(document[POLICY]) ? mapOr(document[POLICY]) : {} };
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

function methodArns(document: SwaggerDocument, { path, stage }: PolicyPlace): JsonMap[] {
  const shortPath = wildcardPath(path);
  return methodNames(document, path).map((name) => {
    const method = /^(x-amazon-apigateway-any-method|any)$/i.test(name) ? '*' : name.toUpperCase();
    return sub(`execute-api:/\${__Stage__}/${method}${shortPath}`, { __Stage__: stage });
  });
}

function statement(effect: string, resources: JsonMap[], principal: unknown): JsonMap {
  return {
    Effect: effect,
    Action: 'execute-api:Invoke',
    Resource: resources,
    Principal: principal,
  };
}

function addAccounts(
  { policy }: OpenPolicy,
  { list, effect, resources }: { list: unknown; effect: string; resources: JsonMap[] },
): void {
  if (!isFilled(list)) return;
  if (!isMap(list) && !Array.isArray(list)) {
    throw documentError(`Type of '${printValue(list)}' must be a list or dictionary`);
  }
  policy['Version'] = '2012-10-17';
  const added = statement(effect, resources, { AWS: listOf(list) });
  policy['Statement'] = isSet(policy['Statement'])
    ? [...listOf(policy['Statement']), added]
    : added;
}

function addAddresses(
  { policy }: OpenPolicy,
  { list, operator, resources }: { list: unknown; operator: string; resources: JsonMap[] },
): void {
  if (!isFilled(list)) return;
  addAllowAndDeny(policy, resources, { [operator]: { 'aws:SourceIp': listOf(list) } });
}

function addAllowAndDeny(policy: JsonMap, resources: JsonMap[], condition: JsonMap): void {
  policy['Version'] = '2012-10-17';
  const statements = isSet(policy['Statement']) ? listOf(policy['Statement']) : [];
  const pair = [
    statement('Allow', resources, '*'),
    { ...statement('Deny', resources, '*'), Condition: condition },
  ];
  for (const one of pair) {
    if (!statements.some((other) => isDeepStrictEqual(other, one))) statements.push(one);
  }
  policy['Statement'] = statements;
}

interface NetworkRule {
  readonly policy: JsonMap;
  readonly color: 'Blacklist' | 'Whitelist';
  readonly operator: string;
  readonly resources: JsonMap[];
}

function addNetworks(open: OpenPolicy, { policy, color, operator, resources }: NetworkRule): void {
  const plain = policy[`SourceVpc${color}`];
  if (isSet(plain) && !(Array.isArray(plain) && plain.every((one) => typeof one === 'string'))) {
    throw documentError(
      `SourceVpc${color} must be a list of strings. Use IntrinsicVpc${color} instead for values that use Intrinsic Functions`,
    );
  }
  const names = (plain ?? []) as string[];
  const networks = [
    ...names.filter((name) => name.startsWith('vpc-')),
    ...((policy[`IntrinsicVpc${color}`] ?? []) as unknown[]),
  ];
  const endpoints = [
    ...names.filter((name) => name.startsWith('vpce-')),
    ...((policy[`IntrinsicVpce${color}`] ?? []) as unknown[]),
  ];
  if (networks.length === 0 && endpoints.length === 0) return;
  addAllowAndDeny(open.policy, resources, {
    [operator]: {
      ...(networks.length > 0 ? { 'aws:SourceVpc': networks } : {}),
      ...(endpoints.length > 0 ? { 'aws:SourceVpce': endpoints } : {}),
    },
  });
}
