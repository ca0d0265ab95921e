// Edits the paths of an API document (Swagger 2 or OpenAPI 3), which may be conditional at every level.
import { documentError } from './sam-error.ts';
import { isFilled, isMap, isNoValue, when } from './values.ts';
import type { JsonMap } from './values.ts';

export const INTEGRATION = 'x-amazon-apigateway-integration';
export const ANY_METHOD = 'x-amazon-apigateway-any-method';

export function isOpenApi3(version: unknown): boolean {
  return /^3(\.\d)(\.\d)?$/.test(String(version));
}

/** Lower case; ANY has a name of its own in documents. */
export function normalizeMethod(method: string): string {
  const lower = method.toLowerCase();
  return lower === 'any' ? ANY_METHOD : lower;
}

/** Both branches of Fn::If without NoValue, or the item itself. */
export function conditionalContents(item: unknown): unknown[] {
  if (!isMap(item) || !('Fn::If' in item)) return [item];
  const branches = item['Fn::If'];
  if (!Array.isArray(branches)) throw documentError('Value of Fn::If must be a list.');
  return (branches as unknown[]).slice(1).filter((branch) => !isNoValue(branch));
}

export function expectPathItem(item: unknown, path: string): JsonMap {
  if (isMap(item)) return item;
  throw documentError(`Value of '${path}' path must be a dictionary according to Swagger spec.`);
}

function expectMethod(definition: unknown, path: string, method: string): JsonMap {
  if (isMap(definition)) return definition;
  throw documentError(`Definition of method '${method}' for path '${path}' should be a map.`);
}

/** The path's items, one or two. */
export function pathItems(paths: JsonMap, path: string): JsonMap[] {
  return conditionalContents(paths[path]).map((item) => expectPathItem(item, path));
}

function hasIntegrationIn(definition: JsonMap): boolean {
  return isFilled(definition[INTEGRATION]);
}

/** True when every branch of the path has an integration at the method. */
export function hasIntegration(paths: JsonMap, path: string, methodName: string): boolean {
  const method = normalizeMethod(methodName);
  if (!Object.hasOwn(paths, path)) return false;
  const items = conditionalContents(paths[path]);
  if (!items.every((item) => isMap(item) && method in item)) return false;
  return items.every((item) => {
    const definition = expectPathItem(item, path)[method];
    if (!isMap(definition)) return false;
    return conditionalContents(definition).some((one) =>
      hasIntegrationIn(expectMethod(one, path, methodName)),
    );
  });
}

export function addPath(paths: JsonMap, path: string, methodName: string): void {
  const method = normalizeMethod(methodName);
  if (!Object.hasOwn(paths, path)) paths[path] = {};
  const declared = expectPathItem(paths[path], path);
  for (const item of conditionalContents(declared)) {
    if (isMap(item) && !(method in item)) item[method] = {};
  }
}

/** The definitions of one method that have an integration, those inside conditions too. */
export function methodDefinitions(paths: JsonMap, path: string, methodName: string): JsonMap[] {
  const method = normalizeMethod(methodName);
  return pathItems(paths, path)
    .flatMap((item) => conditionalContents(item[method]))
    .map((definition) => expectMethod(definition, path, methodName))
    .filter(hasIntegrationIn);
}

const NOT_METHODS = new Set(['summary', 'description', 'parameters']);

/** Every method of a path that has an integration. */
export function allMethods(
  paths: JsonMap,
  path: string,
): { method: string; definition: JsonMap }[] {
  return pathItems(paths, path).flatMap((item) =>
    Object.entries(item)
      .filter(([name]) => !NOT_METHODS.has(name))
      .flatMap(([name, value]) =>
        conditionalContents(value).map((definition) => ({
          method: normalizeMethod(name),
          definition: expectMethod(definition, path, name),
        })),
      )
      .filter(({ definition }) => hasIntegrationIn(definition)),
  );
}

export function makePathConditional(paths: JsonMap, path: string, condition: string): void {
  paths[path] = when(condition, paths[path]);
}

export function setIntegrationTimeout(
  paths: JsonMap,
  path: string,
  { method, timeout }: { method: string; timeout: unknown },
): void {
  for (const definition of methodDefinitions(paths, path, method)) {
    (definition[INTEGRATION] as JsonMap)['timeoutInMillis'] = timeout;
  }
}

/** The security list of a method; each entry a map of scheme to scopes. */
export function securityOf(definition: JsonMap, path: string, method: string): JsonMap[] {
  const security = definition['security'] ?? [];
  if (!Array.isArray(security)) {
    throw documentError(`Type of security for path ${path} method ${method} must be a list`);
  }
  return security as JsonMap[];
}
