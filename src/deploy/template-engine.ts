// The template engine: the deploy layer's front door, as the CloudFormation API sees it.
import type { ResourceHandler } from '../kernel/resources.ts';
import { TemplateError } from '../kernel/templates.ts';
import type {
  PreparedTemplate,
  StackIdentity,
  TemplateEngine,
  TemplateSource,
  TemplateSummary,
} from '../kernel/templates.ts';
import { applyTemplate } from './apply.ts';
import { bindTemplate } from './bind-template.ts';
import type { Handlers } from './bind-template.ts';
import { neededCapabilities } from './capabilities.ts';
import { describeParameters, isTrue } from './parameters.ts';
import { isObject, parseTemplate } from './parse-template.ts';
import type { PlainObject } from './parse-template.ts';
import { planStack } from './plan.ts';
import { removeResources } from './remove.ts';
import { readTemplateModel, readTransforms } from './template-model.ts';
import type { TemplateModel } from './template-model.ts';
import { applyTransforms, knownTransforms } from './transforms.ts';
import { undoChanges } from './undo.ts';

/** @param options.handlers the resource types of all services. */
export function createTemplateEngine(options: {
  readonly handlers: readonly ResourceHandler[];
}): TemplateEngine {
  const handlers: Handlers = new Map(options.handlers.map((handler) => [handler.type, handler]));
  return {
    resourceTypes: [...handlers.keys()].toSorted(),
    inspect: inspectTemplate,
    prepare: (source, stack) => prepareTemplate(handlers, source, stack),
    undo: (run) => undoChanges(handlers, run),
    remove: (run, what) => removeResources(handlers, run, what),
  };
}

/** Before transforms: what the text itself declares. */
function inspectTemplate(body: string): TemplateSummary {
  const { content } = parseTemplate(body);
  const transforms = readTransforms(content);
  if (transforms.length === 0) return summarize(readTemplateModel(content), []);
  knownTransforms(transforms);
  // A template with transforms is not plain CloudFormation yet; its macros may add sections and members.
  const { Globals: _globals, Transform: _transform, ...sections } = content;
  const parameters = isObject(sections['Parameters']) ? sections['Parameters'] : {};
  const resources = isObject(sections['Resources']) ? sections['Resources'] : {};
  if (Object.keys(resources).length === 0) {
    throw new TemplateError(
      'Template format error: At least one Resources member must be defined.',
    );
  }
  return {
    ...(typeof sections['Description'] === 'string'
      ? { description: sections['Description'] }
      : {}),
    ...(typeof sections['AWSTemplateFormatVersion'] === 'string'
      ? { version: sections['AWSTemplateFormatVersion'] }
      : {}),
    ...(isObject(sections['Metadata']) ? { metadata: JSON.stringify(sections['Metadata']) } : {}),
    parameters: describeParameters(objectsOnly(parameters)),
    resources: Object.entries(resources).flatMap(([logicalId, resource]) =>
      isObject(resource) && typeof resource['Type'] === 'string'
        ? [{ logicalId, type: resource['Type'] }]
        : [],
    ),
    declaredTransforms: transforms,
    capabilities: [],
  };
}

function objectsOnly(section: PlainObject): Record<string, PlainObject> {
  return Object.fromEntries(
    Object.entries(section).flatMap(([key, value]) => (isObject(value) ? [[key, value]] : [])),
  );
}

function summarize(model: TemplateModel, declaredTransforms: readonly string[]): TemplateSummary {
  const { capabilities, reason } = neededCapabilities(model);
  return {
    ...(model.description === undefined ? {} : { description: model.description }),
    ...(model.version === undefined ? {} : { version: model.version }),
    ...(model.metadata === undefined ? {} : { metadata: JSON.stringify(model.metadata) }),
    parameters: describeParameters(model.parameters),
    resources: Object.values(model.resources).map(({ logicalId, type }) => ({ logicalId, type })),
    declaredTransforms,
    capabilities,
    ...(reason === undefined ? {} : { capabilitiesReason: reason }),
  };
}

function prepareTemplate(
  handlers: Handlers,
  { body, parameters: given }: TemplateSource,
  stack: StackIdentity,
): PreparedTemplate {
  const { content } = parseTemplate(body);
  const declaredTransforms = readTransforms(content);
  const processed = applyTransforms(content, { given, stack });
  const model = readTemplateModel(processed);
  const template = bindTemplate({ model, given, stack, handlers });
  const { parameters } = template;
  return {
    processedBody: declaredTransforms.length === 0 ? body : JSON.stringify(processed),
    summary: summarize(model, declaredTransforms),
    parameters: parameters.bound.map((one) => ({ ...one, noEcho: isTrue(one.noEcho) })),
    plan: (view) => planStack(template, view),
    imports(view) {
      const names = new Set<string>();
      planStack(template, {
        records: view.records,
        exportValue(name) {
          names.add(name);
          return view.exportValue(name);
        },
      });
      return [...names].toSorted();
    },
    apply: (run) => applyTemplate(template, run),
  };
}
