// Makes a stack's resources match its template: creates, updates and replaces along the dependency graph.
import { isDeepStrictEqual } from 'node:util';
import type { ResourceHandler } from '../kernel/resources.ts';
import { TemplateError } from '../kernel/templates.ts';
import type {
  ApplyOutcome,
  ResourceChange,
  ResourceGeneration,
  ResourceRecord,
  StackRun,
} from '../kernel/templates.ts';
import type { BoundTemplate, ResourceValues } from './bind-template.ts';
import { walk } from './graph.ts';
import type { StepResult } from './graph.ts';
import { isObject } from './parse-template.ts';
import { changedProperties, computeOutputs, needsReplacement, readPolicies } from './plan.ts';
import { makeResource, updateResource } from './resource-steps.ts';
import type { Intended, Step } from './resource-steps.ts';
import { CONCURRENCY, createRunBook, newNameToken, outcomeOf } from './run-book.ts';
import type { RunBook } from './run-book.ts';
import { conform } from './shape.ts';
import type { ResourceModel } from './template-model.ts';

/** Safe to call again after a crash: what is done stays, what was under way is found out. */
export async function applyTemplate(template: BoundTemplate, run: StackRun): Promise<ApplyOutcome> {
  const book = createRunBook(run);
  const values = liveValues(template, book);
  const { failed, skipped } = await walk(
    template.dependencies,
    (logicalId) => settle({ template, book, values }, logicalId),
    { concurrency: CONCURRENCY, keepGoing: false, stop: () => run.cancelled() },
  );
  if (failed.length > 0 || skipped.length > 0) {
    const outcome = outcomeOf(book, failed, failed.length === 0);
    return outcome.ok ? { ok: false, failed: [], cancelled: true } : outcome;
  }
  const outputs = computeOutputs(template, values);
  await setAsideUnwanted(template, book);
  return { ok: true, outputs };
}

function liveValues(template: BoundTemplate, book: RunBook): ResourceValues {
  return {
    ref: (logicalId) =>
      template.active.has(logicalId) ? book.get(logicalId)?.current?.physicalId : undefined,
    attribute(logicalId, name) {
      const attributes = book.get(logicalId)?.current?.attributes ?? {};
      if (Object.hasOwn(attributes, name)) return attributes[name];
      throw new TemplateError(
        `Template error: resource ${logicalId} does not support attribute type ${name} in Fn::GetAtt`,
      );
    },
    exportValue: (name) => book.run.exportValue(name),
  };
}

/** Resources that the template no longer holds wait, as `previous`, for the cleanup. */
async function setAsideUnwanted(template: BoundTemplate, book: RunBook): Promise<void> {
  for (const record of book.all()) {
    const { current, ...rest } = record;
    if (template.active.has(record.logicalId) || current === undefined) continue;
    const { physicalId: _id, attributes: _attributes, ...intended } = current;
    const change: ResourceChange = {
      operationId: book.run.operationId,
      kind: 'drop',
      state: 'done',
      intended,
    };
    await book.write({ ...rest, previous: current, change }, { event: false });
  }
}

interface Job {
  readonly template: BoundTemplate;
  readonly book: RunBook;
  readonly values: ResourceValues;
}

async function settle(job: Job, logicalId: string): Promise<StepResult> {
  const { template, book } = job;
  const resource = template.active.get(logicalId);
  if (resource === undefined) return 'done';
  const record = book.get(logicalId);
  const earlier = record?.change?.operationId === book.run.operationId ? record.change : undefined;
  if (earlier?.state === 'done') return 'done';
  if (earlier?.state === 'failed') return 'failed';
  const handler = template.handlerOf(resource.type);
  let intended: Intended;
  try {
    intended = intend(job, { resource, handler, nameToken: earlier?.intended.nameToken });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return refuse(book, resource, error.message);
  }
  const step: Step = {
    book,
    logicalId,
    handler,
    intended,
    record,
    interrupted: earlier?.state === 'started' ? earlier : undefined,
  };
  const current = record?.current;
  if (current === undefined) return makeResource(step, 'create');
  const changed = changedProperties(current.properties, intended.properties);
  if (needsReplacement(handler, changed)) return makeResource(step, 'replace');
  return changed.length > 0 ? updateResource(step, current) : keep(step, current);
}

function intend(
  { template, book, values }: Job,
  {
    resource,
    handler,
    nameToken,
  }: {
    readonly resource: ResourceModel;
    readonly handler: ResourceHandler;
    readonly nameToken: string | undefined;
  },
): Intended {
  const computed = template.compute(resource.properties, values);
  const result = conform(isObject(computed) ? computed : {}, handler.shape);
  if (!result.ok) {
    throw new TemplateError(
      `Properties validation failed for resource ${resource.logicalId} with message: ${result.problems.join('\n')}`,
    );
  }
  return {
    type: resource.type,
    properties: result.properties,
    nameToken: nameToken ?? newNameToken(book.run),
    dependsOn: template.dependencies.get(resource.logicalId) ?? [],
    ...readPolicies(template, resource, values),
  };
}

/** A failure before anything was asked of the service. */
async function refuse(book: RunBook, resource: ResourceModel, reason: string): Promise<StepResult> {
  const { logicalId, type } = resource;
  const record = book.get(logicalId);
  const status = record?.current === undefined ? 'CREATE_FAILED' : 'UPDATE_FAILED';
  const base: ResourceRecord = record ?? { logicalId, type, status };
  await book.write({ ...base, status, statusReason: reason });
  return 'failed';
}

/** Nothing to do in the world; what the template says about the resource may differ all the same. */
async function keep(step: Step, current: ResourceGeneration): Promise<StepResult> {
  const { book, logicalId, intended } = step;
  const { type, properties, attributes, physicalId, nameToken } = current;
  const kept: ResourceGeneration = {
    ...intended,
    type,
    properties,
    attributes,
    physicalId,
    nameToken,
  };
  if (isDeepStrictEqual(kept, current)) return 'done';
  const record = step.record ?? { logicalId, type, status: 'UPDATE_COMPLETE' };
  const change: ResourceChange = {
    operationId: book.run.operationId,
    kind: 'keep',
    state: 'done',
    intended: { ...intended, nameToken },
  };
  await book.write({ ...record, current: kept, previous: current, change }, { event: false });
  return 'done';
}
