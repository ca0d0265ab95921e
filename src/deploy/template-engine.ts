// The template engine: the deploy layer's front door, as the CloudFormation API sees it.
import type { ResourceHandler } from '../kernel/resources.ts';
import { TemplateError } from '../kernel/templates.ts';
import type { TemplateEngine } from '../kernel/templates.ts';

/** @param options.handlers the resource types of all services. */
export function createTemplateEngine(options: {
  readonly handlers: readonly ResourceHandler[];
}): TemplateEngine {
  const refuse = (): never => {
    throw new TemplateError('templates are not supported by this build yet');
  };
  return {
    resourceTypes: options.handlers.map((handler) => handler.type).toSorted(),
    inspect: refuse,
    prepare: refuse,
    undo: refuse,
    remove: refuse,
  };
}
