// A REST API's document in the form of OpenAPI 3, when that is its version.
import { isOpenApi3 } from './path-editor.ts';
import { documentError } from './sam-error.ts';
import { isFilled, isMap, isSet } from './values.ts';
import type { JsonMap } from './values.ts';

/** Moves what OpenAPI 3 has in other places. A Swagger 2 document stays as it is. */
export function toOpenApi3(body: JsonMap, wanted: unknown): JsonMap {
  if (isSet(body['swagger'])) return body;
  const version = isSet(body['openapi']) && !isSet(wanted) ? body['openapi'] : wanted;
  if (!isFilled(version) || !isOpenApi3(version)) return body;
  moveIntoComponents(body, 'securityDefinitions', 'securitySchemes');
  moveIntoComponents(body, 'definitions', 'schemas');
  const paths = body['paths'];
  if (!isFilled(paths)) return body;
  if (!isMap(paths))
    throw documentError('Value of paths must be a dictionary according to Swagger spec.');
  for (const [path, item] of Object.entries(paths)) {
    if (!isMap(item))
      throw documentError(
        `Value of '${path}' path must be a dictionary according to Swagger spec.`,
      );
    if (isFilled(item['options'])) convertOptions(path, item['options']);
  }
  return body;
}

function moveIntoComponents(body: JsonMap, from: string, to: string): void {
  if (!isFilled(body[from])) return;
  const components = isFilled(body['components']) ? (body['components'] as JsonMap) : {};
  components[to] = body[from];
  body['components'] = components;
  delete body[from];
}

/** Preflight answers: no media types of their own, and headers with a schema. */
function convertOptions(path: string, options: unknown): void {
  if (!isMap(options)) {
    throw documentError(
      `Value of options method for path ${path} must be a dictionary according to Swagger spec.`,
    );
  }
  delete options['produces'];
  delete options['consumes'];
  if (!('responses' in options)) return;
  const refuse = (where: string): never => {
    throw documentError(`Invalid responses in options method for path ${path}: ${where}.`);
  };
  const responses = options['responses'];
  if (!isMap(responses)) return refuse('It should be a map');
  const ok = responses['200'];
  if (!isSet(ok)) return;
  if (!isMap(ok)) return refuse("The value of '200' should be a map");
  const headers = ok['headers'];
  if (!isFilled(headers)) return;
  if (!isMap(headers)) {
    throw documentError(
      `Value of response's headers in options method for path ${path} must be a dictionary according to Swagger spec.`,
    );
  }
  for (const [name, value] of Object.entries(headers)) headers[name] = { schema: value };
}
