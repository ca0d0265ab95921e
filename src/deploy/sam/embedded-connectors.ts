// Connectors written inside the resource they start from become connectors of their own.
import { resourceProblem } from './sam-error.ts';
import { clone, isMap, mapOr } from './values.ts';
import type { JsonMap } from './values.ts';

/** Moves them out; gives what is wrong with those that cannot be. */
export function extractConnectors(resources: JsonMap): string[] {
  const problems: string[] = [];
  for (const [sourceId, given] of Object.entries(resources)) {
    const resource = mapOr(given);
    if (!('Connectors' in resource)) continue;
    const connectors = resource['Connectors'];
    delete resource['Connectors'];
    if (!isMap(connectors)) {
      const detail = `Attribute '${sourceId}.Connectors' should be a map.`;
      problems.push(resourceProblem(sourceId, detail).message);
      continue;
    }
    for (const [name, connector] of Object.entries(connectors)) {
      const problem = extractConnector(resources, { sourceId, name, connector });
      if (problem !== undefined) problems.push(problem);
    }
  }
  return problems;
}

interface Embedded {
  readonly sourceId: string;
  readonly name: string;
  readonly connector: unknown;
}

function extractConnector(
  resources: JsonMap,
  { sourceId, name, connector }: Embedded,
): string | undefined {
  const fullId = sourceId + name;
  if (!isMap(connector)) {
    return resourceProblem(fullId, `${sourceId}.${fullId} should be a map.`).message;
  }
  const properties = clone(connector['Properties']);
  const at = `Connectors.${name}.Properties`;
  if (!isMap(properties))
    return resourceProblem(sourceId, `Attribute '${at}' should be a map.`).message;
  const source: JsonMap = { Id: sourceId };
  if ('SourceReference' in properties) {
    const reference = properties['SourceReference'];
    if (!isMap(reference)) {
      return resourceProblem(sourceId, `Property '${at}.SourceReference' should be a map.`).message;
    }
    if ('Id' in reference) {
      return resourceProblem(name, "'Id' shouldn't be defined in 'SourceReference'.").message;
    }
    Object.assign(source, reference);
    delete properties['SourceReference'];
  }
  if (Object.hasOwn(resources, fullId)) {
    return (
      `Transforming resource with id [${sourceId}] attempts to create a new resource with id [${fullId}] and type ` +
      '"AWS::Serverless::Connector". A resource with that id already exists within this template. Please use a ' +
      'different id for that resource.'
    );
  }
  resources[fullId] = {
    ...clone(connector),
    Type: 'AWS::Serverless::Connector',
    Properties: { ...properties, Source: source },
  };
  return undefined;
}
