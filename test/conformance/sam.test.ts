// AWS's own SAM translations: 546 templates, each with the CloudFormation or the refusal it becomes.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isObject, parseTemplate } from '../../src/deploy/parse-template.ts';
import { SamError, transformSam } from '../../src/deploy/sam/transform-sam.ts';
import pendingByReason from './sam-pending.json' with { type: 'json' };

const SUITE = fileURLToPath(new URL('../../../shared/conformance/sam/', import.meta.url));
const isPresent = existsSync(SUITE);
const names = isPresent
  ? readdirSync(`${SUITE}input`)
      .map((file) => file.replace(/\.yaml$/, ''))
      .toSorted()
  : [];
const pending = new Map(
  Object.entries(pendingByReason).flatMap(([reason, cases]) => cases.map((name) => [name, reason])),
);

/** The suite's own settings: parameters, and the region of its partition `aws`. */
const GIVEN = { param1: 'value1', param2: 'value2' };
const REGION = 'ap-southeast-1';

function translate(name: string): unknown {
  const { content } = parseTemplate(readFileSync(`${SUITE}input/${name}.yaml`, 'utf8'));
  const declared = isObject(content['Parameters']) ? content['Parameters'] : {};
  const defaults = Object.entries(declared).flatMap(([key, value]) =>
    isObject(value) && 'Default' in value ? [[key, value['Default']]] : [],
  );
  const parameters = { ...Object.fromEntries(defaults), ...GIVEN };
  try {
    return transformSam(content, { parameters, region: REGION, partition: 'aws' }).template;
  } catch (error) {
    if (!(error instanceof SamError)) throw error;
    return { errorMessage: error.message };
  }
}

function expected(name: string): unknown {
  const output = JSON.parse(readFileSync(`${SUITE}output/${name}.json`, 'utf8')) as Record<
    string,
    unknown
  >;
  return 'errorMessage' in output ? { errorMessage: output['errorMessage'] } : output;
}

/** The hash in a deployment's logical id is of a Python text; only that there is one can be compared. */
function withoutDeploymentHashes(template: unknown): unknown {
  const resources =
    isObject(template) && isObject(template['Resources']) ? template['Resources'] : {};
  let text = JSON.stringify(template);
  for (const [logicalId, resource] of Object.entries(resources)) {
    if (!isObject(resource) || resource['Type'] !== 'AWS::ApiGateway::Deployment') continue;
    const renamed = logicalId.replace(/Deployment[0-9a-f]{10}$/, 'DeploymentHASH');
    text = text.replaceAll(`"${logicalId}"`, `"${renamed}"`);
  }
  return JSON.parse(
    text.replace(/RestApi deployment id: [0-9a-f]{40}/g, 'RestApi deployment id: HASH'),
  );
}

/** Lists mean sets here, but for layers, whose order counts. */
function sorted(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => sorted(item));
    const textOf = (item: unknown): string => JSON.stringify(item) ?? '';
    return key === 'Layers' ? items : items.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((name) => [name, sorted(value[name], name)]),
  );
}

const comparable = (template: unknown): unknown => sorted(withoutDeploymentHashes(template));

describe.skipIf(!isPresent)('SAM translations (needs ../shared/conformance/sam)', () => {
  it.each(names.filter((name) => !pending.has(name)))('%s', (name) => {
    expect(comparable(translate(name))).toEqual(comparable(expected(name)));
  });

  it.each([...pending])('%s is still pending: %s', (name) => {
    expect(names).toContain(name);
    expect(comparable(translate(name))).not.toEqual(comparable(expected(name)));
  });

  it(`${names.length - pending.size} of ${names.length} pass`, () => {
    expect(names.length).toBe(546);
  });
});
