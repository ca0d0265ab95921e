// CloudFormation's own resource types: nested stacks, wait handles, custom resources.
import { ServiceError } from '../../base/errors.ts';
import type { ResourceHandler, ResourceRequest, ResourceResult } from '../../kernel/resources.ts';
import { TemplateError } from '../../kernel/templates.ts';
import { customResource } from './custom-resource.ts';
import { isBusy } from './status.ts';
import { findStack, stackTopic } from './store.ts';
import type { StackRow } from './store.ts';

/** A nested stack may take as long as it likes; this only bounds a wait that nothing would end. */
const NESTED_WAIT_MS = 24 * 3_600_000;

const nestedStack: ResourceHandler = {
  type: 'AWS::CloudFormation::Stack',
  shape: {
    type: 'object',
    properties: {
      TemplateURL: { type: 'string' },
      Parameters: { type: 'map', of: { type: 'string' } },
      NotificationARNs: { type: 'list', of: { type: 'string' } },
      TimeoutInMinutes: { type: 'integer' },
      Tags: {
        type: 'list',
        of: {
          type: 'object',
          properties: { Key: { type: 'string' }, Value: { type: 'string' } },
          required: ['Key', 'Value'],
        },
      },
    },
    required: ['TemplateURL'],
  },
  replaceOn: [],
  async create(request) {
    const { TimeoutInMinutes: timeout } = request.properties;
    const created = await request.call('cloudformation', 'CreateStack', {
      StackName: request.physicalName(128),
      ...settingsOf(request),
      ...(timeout === undefined ? {} : { TimeoutInMinutes: Number(timeout) }),
    });
    const stack = await settled(request, created.StackId ?? '');
    if (stack.status !== 'CREATE_COMPLETE') {
      // A create that fails leaves nothing; the deleted stack's events still tell what went wrong.
      await removeStack(request, stack.stackId);
      throw new TemplateError(
        `Embedded stack ${stack.stackId} was not successfully created: ${reasonOf(stack)}`,
      );
    }
    return resultOf(stack);
  },
  find: (request) => describe(request, request.physicalName(128)),
  async update(request) {
    const isChanged = await startUpdate(request);
    const stack = await settled(request, request.physicalId);
    if (isChanged && !/^(UPDATE|CREATE)_COMPLETE$/.test(stack.status)) {
      throw new TemplateError(notUpdated(stack));
    }
    return resultOf(stack);
  },
  delete: (request) => removeStack(request, request.physicalId),
};

async function removeStack(request: ResourceRequest, nameOrId: string): Promise<void> {
  await request.call('cloudformation', 'DeleteStack', { StackName: nameOrId });
  const stack = await findSettled(request, nameOrId);
  if (stack !== undefined && stack.status !== 'DELETE_COMPLETE') {
    throw new TemplateError(
      `Embedded stack ${stack.stackId} was not successfully deleted: ${reasonOf(stack)}`,
    );
  }
}

/** False: the stack is what it shall be, as after its own rollback. */
async function startUpdate(request: ResourceRequest & { physicalId: string }): Promise<boolean> {
  try {
    await request.call('cloudformation', 'UpdateStack', {
      StackName: request.physicalId,
      ...settingsOf(request),
    });
    return true;
  } catch (error) {
    const isSame =
      error instanceof ServiceError && error.message === 'No updates are to be performed.';
    if (!isSame) throw error;
    return false;
  }
}

function notUpdated(stack: StackRow): string {
  return (
    `Embedded stack ${stack.stackId} was not successfully updated. ` +
    `Currently in ${stack.status} with reason: ${reasonOf(stack)}`
  );
}

function reasonOf({ statusReason, failure, status }: StackRow): string {
  return statusReason ?? failure ?? status;
}

function settingsOf({ properties, stackTags }: ResourceRequest) {
  const parameters = (properties['Parameters'] ?? {}) as Readonly<Record<string, string>>;
  const tags = (properties['Tags'] ?? []) as readonly {
    readonly Key: string;
    readonly Value: string;
  }[];
  const all = { ...stackTags, ...Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])) };
  return {
    TemplateURL: String(properties['TemplateURL']),
    Parameters: Object.entries(parameters).map(([ParameterKey, ParameterValue]) => ({
      ParameterKey,
      ParameterValue,
    })),
    Tags: Object.entries(all).map(([Key, Value]) => ({ Key, Value })),
    NotificationARNs: [...((properties['NotificationARNs'] ?? []) as readonly string[])],
    // What was acknowledged for the parent holds for the stacks inside it.
    Capabilities: ['CAPABILITY_NAMED_IAM' as const, 'CAPABILITY_AUTO_EXPAND' as const],
  };
}

/** The stack once no operation of its own is under way; undefined when there is none. */
async function findSettled(
  request: ResourceRequest,
  nameOrId: string,
): Promise<StackRow | undefined> {
  const id = nameOrId.startsWith('arn:') ? nameOrId : undefined;
  if (id === undefined) {
    // A name is all that is known of a stack whose creation was interrupted.
    const described = await describe(request, nameOrId);
    return described === undefined ? undefined : findSettled(request, described);
  }
  const found = await request.until(
    stackTopic(id),
    async (view) => {
      const stack = await findStack(view, request, id);
      if (stack === undefined) return 'gone';
      return isBusy(stack.status) ? undefined : stack;
    },
    NESTED_WAIT_MS,
  );
  return found === 'gone' ? undefined : found;
}

async function describe(request: ResourceRequest, name: string): Promise<string | undefined> {
  try {
    const { Stacks: [stack] = [] } = await request.call('cloudformation', 'DescribeStacks', {
      StackName: name,
    });
    return stack?.StackId;
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'ValidationError') return undefined;
    throw error;
  }
}

async function settled(request: ResourceRequest, stackId: string): Promise<StackRow> {
  const stack = await findSettled(request, stackId);
  if (stack === undefined)
    throw new TemplateError(`Embedded stack ${stackId} does not exist any more`);
  return stack;
}

function resultOf(stack: StackRow): ResourceResult {
  return {
    physicalId: stack.stackId,
    attributes: Object.fromEntries(
      stack.outputs.map(({ key, value }) => [`Outputs.${key}`, value]),
    ),
  };
}

/** A name and nothing else: nothing here sends signals, so the URL is there to be referred to. */
const waitConditionHandle: ResourceHandler = {
  type: 'AWS::CloudFormation::WaitConditionHandle',
  shape: { type: 'object', properties: {} },
  replaceOn: [],
  create: async (request) => ({
    physicalId: `https://cloudformation-waitcondition-${request.region}.s3.amazonaws.com/${encodeURIComponent(
      `${request.stackId}/${request.logicalId}/${request.physicalName(64)}`,
    )}`,
  }),
  update: async (request) => ({ physicalId: request.physicalId }),
  delete: async () => {},
};

export const resources: readonly ResourceHandler[] = [
  nestedStack,
  waitConditionHandle,
  customResource,
];
