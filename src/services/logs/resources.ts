// CloudFormation types of CloudWatch Logs: AWS::Logs::LogGroup and AWS::Logs::LogStream.
import type {
  Properties,
  PropertyShape,
  ResourceHandler,
  ResourceRequest,
} from '../../kernel/resources.ts';
import { unsupported } from './errors.ts';

const text: PropertyShape = { type: 'string' };
const json: PropertyShape = { type: 'json' };
const tags: PropertyShape = {
  type: 'list',
  of: { type: 'object', properties: { Key: text, Value: text }, required: ['Key', 'Value'] },
};

const logGroup: ResourceHandler = {
  type: 'AWS::Logs::LogGroup',
  shape: {
    type: 'object',
    properties: {
      LogGroupName: text,
      RetentionInDays: { type: 'integer' },
      KmsKeyId: text,
      LogGroupClass: text,
      DeletionProtectionEnabled: { type: 'boolean' },
      DataProtectionPolicy: json,
      FieldIndexPolicies: { type: 'list', of: json },
      ResourcePolicyDocument: json,
      Tags: tags,
    },
  },
  replaceOn: ['LogGroupName'],
  async create(request) {
    const { properties, call } = request;
    refuseUnsupported(properties);
    const logGroupName = stringOf(properties['LogGroupName']) ?? request.physicalName(512);
    const wanted = wantedTags(request);
    await call('logs', 'CreateLogGroup', {
      logGroupName,
      ...(Object.keys(wanted).length === 0 ? {} : { tags: wanted }),
      ...(properties['KmsKeyId'] === undefined
        ? {}
        : { kmsKeyId: stringOf(properties['KmsKeyId']) }),
      ...(properties['LogGroupClass'] === undefined
        ? {}
        : { logGroupClass: stringOf(properties['LogGroupClass']) as 'STANDARD' }),
      ...(properties['DeletionProtectionEnabled'] === undefined
        ? {}
        : { deletionProtectionEnabled: properties['DeletionProtectionEnabled'] === true }),
    });
    await putRetention(request, logGroupName);
    return describeGroup(request, logGroupName);
  },
  async update(request) {
    const { properties, previous, call, physicalId: logGroupName } = request;
    refuseUnsupported(properties);
    if (properties['KmsKeyId'] !== previous['KmsKeyId'])
      throw unsupported('encryption with KMS keys');
    if (properties['RetentionInDays'] !== previous['RetentionInDays']) {
      await putRetention(request, logGroupName);
    }
    const isProtected = properties['DeletionProtectionEnabled'] === true;
    if (isProtected !== (previous['DeletionProtectionEnabled'] === true)) {
      await call('logs', 'PutLogGroupDeletionProtection', {
        logGroupIdentifier: logGroupName,
        deletionProtectionEnabled: isProtected,
      });
    }
    await updateTags(request, logGroupName);
    return describeGroup(request, logGroupName);
  },
  async delete({ call, physicalId }) {
    await ignoreMissing(call('logs', 'DeleteLogGroup', { logGroupName: physicalId }));
  },
};

const logStream: ResourceHandler = {
  type: 'AWS::Logs::LogStream',
  shape: {
    type: 'object',
    properties: { LogGroupName: text, LogStreamName: text },
    required: ['LogGroupName'],
  },
  replaceOn: ['LogGroupName', 'LogStreamName'],
  async create(request) {
    const logStreamName =
      stringOf(request.properties['LogStreamName']) ?? request.physicalName(512);
    const logGroupName = String(request.properties['LogGroupName']);
    await request.call('logs', 'CreateLogStream', { logGroupName, logStreamName });
    return { physicalId: logStreamName };
  },
  async delete({ call, physicalId, properties }) {
    const logGroupName = String(properties['LogGroupName']);
    await ignoreMissing(
      call('logs', 'DeleteLogStream', { logGroupName, logStreamName: physicalId }),
    );
  },
};

export const resources: readonly ResourceHandler[] = [logGroup, logStream];

function refuseUnsupported(properties: Properties): void {
  const later = ['DataProtectionPolicy', 'FieldIndexPolicies', 'ResourcePolicyDocument'];
  const given = later.find((name) => properties[name] !== undefined);
  if (given !== undefined) throw unsupported(`the property ${given} of AWS::Logs::LogGroup`);
}

async function putRetention(
  { properties, call }: ResourceRequest,
  logGroupName: string,
): Promise<void> {
  const days = properties['RetentionInDays'];
  if (typeof days === 'number') {
    await call('logs', 'PutRetentionPolicy', { logGroupName, retentionInDays: days });
  } else {
    await call('logs', 'DeleteRetentionPolicy', { logGroupName });
  }
}

async function updateTags(
  request: ResourceRequest & { readonly previous: Properties },
  name: string,
): Promise<void> {
  const resourceArn = arnOf(request, name);
  const wanted = wantedTags(request);
  const tagKeys = Object.keys(tagMap(request.previous['Tags'])).filter((key) => !(key in wanted));
  if (tagKeys.length > 0) await request.call('logs', 'UntagResource', { resourceArn, tagKeys });
  if (Object.keys(wanted).length > 0) {
    await request.call('logs', 'TagResource', { resourceArn, tags: wanted });
  }
}

function describeGroup(
  request: ResourceRequest,
  name: string,
): { physicalId: string; attributes: Record<string, unknown> } {
  // AWS: the attribute ends in `:*`. Source: CloudFormation User Guide, AWS::Logs::LogGroup.
  return { physicalId: name, attributes: { Arn: `${arnOf(request, name)}:*` } };
}

function arnOf({ region, account }: ResourceRequest, name: string): string {
  return `arn:aws:logs:${region}:${account}:log-group:${name}`;
}

function wantedTags(request: ResourceRequest): Record<string, string> {
  return { ...request.stackTags, ...tagMap(request.properties['Tags']) };
}

function tagMap(value: unknown): Record<string, string> {
  const list = Array.isArray(value) ? (value as { Key: string; Value: string }[]) : [];
  return Object.fromEntries(list.map(({ Key, Value }) => [Key, Value]));
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A resource that is already gone counts as removed. */
async function ignoreMissing(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ResourceNotFoundException') throw error;
  }
}
