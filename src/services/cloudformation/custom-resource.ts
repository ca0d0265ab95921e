// Custom resources: a function or a topic of the user's makes them and answers over HTTP.
import type {
  Properties,
  ResourceHandler,
  ResourceRequest,
  ResourceResult,
} from '../../kernel/resources.ts';
import { TemplateError } from '../../kernel/templates.ts';

/** Source: AWS::CloudFormation::CustomResource, ServiceTimeout: 1 to 3600, default 3600. */
const TIMEOUT_SECONDS_MAX = 3_600;

export const customResource: ResourceHandler = {
  type: 'AWS::CloudFormation::CustomResource',
  shape: {
    type: 'object',
    properties: { ServiceToken: { type: 'string' }, ServiceTimeout: { type: 'integer' } },
    required: ['ServiceToken'],
    others: { type: 'json' },
  },
  replaceOn: [],
  async create(request) {
    try {
      return await ask(request, { RequestType: 'Create' });
    } catch (error) {
      if (error instanceof Declined) await takeBack(request, error.physicalId);
      throw error;
    }
  },
  async update(request) {
    if (request.properties['ServiceToken'] !== request.previous['ServiceToken']) {
      throw new TemplateError('Modifying service token is not allowed.');
    }
    return ask(request, {
      RequestType: 'Update',
      PhysicalResourceId: request.physicalId,
      OldResourceProperties: toText(request.previous),
    });
  },
  async delete(request) {
    await ask(request, { RequestType: 'Delete', PhysicalResourceId: request.physicalId });
  },
};

/** The provider answered that it failed. It may have made something under this id. */
class Declined extends TemplateError {
  readonly physicalId: string | undefined;
  constructor(message: string, physicalId: string | undefined) {
    super(message);
    this.physicalId = physicalId;
  }
}

/** AWS: a provider that failed to create is asked to delete, whatever it makes of it. */
async function takeBack(request: ResourceRequest, physicalId: string | undefined): Promise<void> {
  if (physicalId === undefined) return;
  try {
    await ask(request, { RequestType: 'Delete', PhysicalResourceId: physicalId });
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
  }
}

interface Part {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly PhysicalResourceId?: string;
  readonly OldResourceProperties?: unknown;
}

async function ask(request: ResourceRequest, part: Part): Promise<ResourceResult> {
  const { properties } = request;
  const timeoutSec = Math.min(
    Number(properties['ServiceTimeout'] ?? TIMEOUT_SECONDS_MAX),
    TIMEOUT_SECONDS_MAX,
  );
  const answer = await request.exchange(
    (url, id) =>
      send(request, {
        ...part,
        ServiceToken: properties['ServiceToken'],
        ResponseURL: url,
        StackId: request.stackId,
        RequestId: id,
        LogicalResourceId: request.logicalId,
        ResourceType: request.type,
        ResourceProperties: toText(properties),
      }),
    timeoutSec * 1_000,
  );
  if (answer === undefined) {
    throw new TemplateError(
      `CloudFormation did not receive a response from your Custom Resource within ${timeoutSec} seconds.`,
    );
  }
  return readAnswer(answer, part.PhysicalResourceId);
}

async function send(request: ResourceRequest, event: Properties): Promise<void> {
  const token = String(request.properties['ServiceToken']);
  const service = token.split(':')[2];
  const text = JSON.stringify(event);
  if (service === 'lambda') {
    await request.call('lambda', 'Invoke', {
      FunctionName: token,
      InvocationType: 'Event',
      Payload: Buffer.from(text),
    });
  } else if (service === 'sns') {
    const Subject = 'AWS CloudFormation custom resource request';
    await request.call('sns', 'Publish', { TopicArn: token, Subject, Message: text });
  } else {
    throw new TemplateError(
      `Invalid service token: ${token} is neither a Lambda function nor an SNS topic.`,
    );
  }
}

function readAnswer(text: string, before: string | undefined): ResourceResult {
  let answer: Readonly<Record<string, unknown>>;
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    throw new TemplateError('Invalid response object: it is not JSON.');
  }
  const physicalId = answer['PhysicalResourceId'] ?? before;
  if (answer['Status'] === 'FAILED') {
    throw new Declined(
      `Received response status [FAILED] from custom resource. Message returned: ${String(answer['Reason'])} ` +
        `(RequestId: ${String(answer['RequestId'])})`,
      typeof physicalId === 'string' ? physicalId : undefined,
    );
  }
  if (answer['Status'] !== 'SUCCESS' || typeof physicalId !== 'string' || physicalId === '') {
    throw new TemplateError(
      'Invalid PhysicalResourceId or Status in the response of the custom resource.',
    );
  }
  const data = answer['Data'];
  return {
    physicalId,
    attributes: typeof data === 'object' && data !== null ? (data as Properties) : {},
  };
}

// AWS: every scalar of the properties reaches the function as text.
function toText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toText);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toText(inner)]));
  }
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}
