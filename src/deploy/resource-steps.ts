// The steps that touch one resource: make it (anew, or beside the one it replaces) and update it in place.
import type { ResourceHandler, ResourceRequest, ResourceResult } from '../kernel/resources.ts';
import type { ResourceChange, ResourceGeneration, ResourceRecord } from '../kernel/templates.ts';
import type { StepResult } from './graph.ts';
import { findMade, listCandidates } from './leftovers.ts';
import { explain, isDenied, requestFor, saysAlreadyExists } from './run-book.ts';
import type { RunBook } from './run-book.ts';

export type Intended = ResourceChange['intended'];

export interface Step {
  readonly book: RunBook;
  readonly logicalId: string;
  readonly handler: ResourceHandler;
  readonly intended: Intended;
  /** As it stands before the step. */
  readonly record: ResourceRecord | undefined;
  /** What an earlier run was in the middle of when it was interrupted. */
  readonly interrupted: ResourceChange | undefined;
}

const REPLACING =
  'Requested update requires the creation of a new physical resource; hence creating one.';

type Made =
  | { readonly result: ResourceResult }
  | { readonly reason: string; readonly madeNothing?: true };

/**
 * Each change is kept before and after the handler is asked. Only the handler's own failures count as the
 * resource's: when the record cannot be kept the run as a whole ends, to be resumed.
 */
export async function makeResource(step: Step, kind: 'create' | 'replace'): Promise<StepResult> {
  const { book, intended, interrupted } = step;
  const verb = kind === 'create' ? 'CREATE' : 'UPDATE';
  const started: ResourceChange = {
    operationId: book.run.operationId,
    kind,
    state: 'started',
    intended,
    ...(await listExisting(step)),
  };
  const before = underWay(step, `${verb}_IN_PROGRESS`);
  const { properties } = intended;
  if (interrupted === undefined) {
    const reason = await findObstacle(step);
    if (reason !== undefined) {
      // Nothing was made, so there is nothing to take back: the change is not recorded.
      await book.write({ ...before, status: `${verb}_FAILED`, statusReason: reason });
      return 'failed';
    }
    const why = kind === 'replace' ? { statusReason: REPLACING } : {};
    await book.write({ ...before, ...why, change: started }, { properties, physicalId: '' });
  }
  const made = await tryCreate(step);
  if ('reason' in made) {
    const { reason, ...rest } = made;
    const change: ResourceChange = { ...started, ...rest, state: 'failed' };
    await book.write(
      { ...before, status: `${verb}_FAILED`, statusReason: reason, change },
      { properties, physicalId: '' },
    );
    return 'failed';
  }
  const { physicalId, attributes = {} } = made.result;
  const { current: replaced, ...rest } = before;
  await book.write(
    {
      ...rest,
      status: `${verb}_COMPLETE`,
      current: { ...intended, physicalId, attributes },
      ...(replaced === undefined ? {} : { previous: replaced }),
      change: { ...started, state: 'done' },
    },
    { properties },
  );
  return 'done';
}

function underWay(step: Step, status: ResourceRecord['status']): ResourceRecord {
  const { logicalId, intended, record } = step;
  const current = record?.current;
  return { logicalId, type: intended.type, status, ...(current === undefined ? {} : { current }) };
}

/** Why the resource cannot be made: one of its name exists. */
async function findObstacle(step: Step): Promise<string | undefined> {
  const { handler, intended, record } = step;
  try {
    const found = await handler.find?.(createRequest(step));
    if (found === undefined) return undefined;
    if (record?.current?.physicalId === found) {
      return (
        'CloudFormation cannot update a stack when a custom-named resource requires replacing. ' +
        `Rename ${found} and update the stack again.`
      );
    }
    return `Resource of type '${intended.type}' with identifier '${found}' already exists.`;
  } catch (error) {
    const reason = explain(error);
    // A deployer that may create and not look does without the check; the service has its own.
    return isDenied(error) ? undefined : reason;
  }
}

async function listExisting(step: Step): Promise<Pick<ResourceChange, 'existing'>> {
  const { handler, interrupted } = step;
  const existing =
    interrupted === undefined
      ? await listCandidates(handler, createRequest(step))
      : interrupted.existing;
  return existing === undefined ? {} : { existing };
}

function createRequest(
  { book, logicalId, intended }: Step,
  onName?: (name: string) => void,
): ResourceRequest {
  const { type, properties, nameToken } = intended;
  return requestFor(book.run, {
    logicalId,
    type,
    properties,
    nameToken,
    ...(onName === undefined ? {} : { onName }),
  });
}

async function tryCreate(step: Step): Promise<Made> {
  const { interrupted, handler } = step;
  const request = createRequest(step);
  let hasCalled = false;
  try {
    if (interrupted !== undefined) return { result: await createAgain(step, interrupted) };
    const result = await handler.create({
      ...request,
      async call(service, name, input, options) {
        const output = await request.call(service, name, input, options);
        hasCalled = true;
        return output;
      },
    });
    return { result };
  } catch (error) {
    const reason = explain(error);
    return interrupted !== undefined || hasCalled ? { reason } : { reason, madeNothing: true };
  }
}

/** After a crash: what the interrupted attempt left is deleted first. */
async function createAgain(step: Step, interrupted: ResourceChange): Promise<ResourceResult> {
  const { handler } = step;
  let generated: string | undefined;
  const request = createRequest(step, (name) => (generated = name));
  const leftover = await findMade(handler, request, interrupted);
  if (leftover !== undefined) {
    await handler.delete({ ...request, physicalId: leftover });
    return handler.create(request);
  }
  generated = undefined;
  try {
    return await handler.create(request);
  } catch (error) {
    // A generated name is nobody else's, so what bears it is what the interrupted attempt made.
    if (generated === undefined || !saysAlreadyExists(error)) throw error;
    await handler.delete({ ...request, physicalId: generated });
    return handler.create(request);
  }
}

export async function updateResource(step: Step, current: ResourceGeneration): Promise<StepResult> {
  const { book, interrupted } = step;
  const intended: Intended = { ...step.intended, nameToken: current.nameToken };
  const started: ResourceChange = {
    operationId: book.run.operationId,
    kind: 'update',
    state: 'started',
    intended,
  };
  const before = underWay(step, 'UPDATE_IN_PROGRESS');
  const { properties } = intended;
  if (interrupted === undefined) await book.write({ ...before, change: started }, { properties });
  const made = await tryUpdate(step, current);
  if ('reason' in made) {
    const change: ResourceChange = { ...started, state: 'failed' };
    await book.write(
      { ...before, status: 'UPDATE_FAILED', statusReason: made.reason, change },
      { properties },
    );
    return 'failed';
  }
  const { physicalId, attributes = current.attributes } = made.result;
  await book.write(
    {
      ...before,
      status: 'UPDATE_COMPLETE',
      current: { ...intended, physicalId, attributes },
      previous: current,
      change: { ...started, state: 'done' },
    },
    { properties },
  );
  return 'done';
}

async function tryUpdate(step: Step, current: ResourceGeneration): Promise<Made> {
  const { book, handler, logicalId, intended } = step;
  const { nameToken, physicalId, properties: previous } = current;
  try {
    if (handler.update === undefined)
      return { reason: `${handler.type} cannot be updated in place` };
    const { type, properties } = intended;
    const request = requestFor(book.run, { logicalId, type, properties, nameToken });
    return { result: await handler.update({ ...request, physicalId, previous }) };
  } catch (error) {
    return { reason: explain(error) };
  }
}
