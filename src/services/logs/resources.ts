// CloudFormation types of CloudWatch Logs: AWS::Logs::LogGroup and AWS::Logs::LogStream.
import { FLAG, INTEGER, JSON_VALUE, TAGS, TEXT } from '../../kernel/property-shapes.ts';
import {
  goneTags,
  tagsOf,
  textOf,
  unlessAbsent,
  unlessGone,
} from '../../kernel/resource-requests.ts';
import type { Properties, ResourceHandler, ResourceRequest } from '../../kernel/resources.ts';
import { unsupported } from './errors.ts';

/** How Logs says that what is to be removed is not there. */
const GONE = 'ResourceNotFoundException';

const logGroup: ResourceHandler = {
  type: 'AWS::Logs::LogGroup',
  shape: {
    type: 'object',
    properties: {
      LogGroupName: TEXT,
      RetentionInDays: INTEGER,
      KmsKeyId: TEXT,
      LogGroupClass: TEXT,
      DeletionProtectionEnabled: FLAG,
      DataProtectionPolicy: JSON_VALUE,
      FieldIndexPolicies: { type: 'list', of: JSON_VALUE },
      ResourcePolicyDocument: JSON_VALUE,
      Tags: TAGS,
    },
  },
  replaceOn: ['LogGroupName'],
  async create(request) {
    const { properties, call } = request;
    refuseUnsupported(properties);
    const logGroupName = groupName(request);
    const wanted = tagsOf(request);
    await call('logs', 'CreateLogGroup', {
      logGroupName,
      ...(Object.keys(wanted).length === 0 ? {} : { tags: wanted }),
      ...(properties['KmsKeyId'] === undefined
        ? {}
        : { kmsKeyId: textOf(properties, 'KmsKeyId') }),
      ...(properties['LogGroupClass'] === undefined
        ? {}
        : { logGroupClass: textOf(properties, 'LogGroupClass') as 'STANDARD' }),
      ...(properties['DeletionProtectionEnabled'] === undefined
        ? {}
        : { deletionProtectionEnabled: properties['DeletionProtectionEnabled'] === true }),
    });
    await putRetention(request, logGroupName);
    return describeGroup(request, logGroupName);
  },
  async find(request) {
    const name = groupName(request);
    // The name itself comes first among those that begin with it.
    const { logGroups = [] } = await request.call('logs', 'DescribeLogGroups', {
      logGroupNamePrefix: name,
      limit: 1,
    });
    return logGroups.find(({ logGroupName }) => logGroupName === name)?.logGroupName;
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
    await unlessGone(call('logs', 'DeleteLogGroup', { logGroupName: physicalId }), GONE);
  },
};

function groupName(request: ResourceRequest): string {
  return textOf(request.properties, 'LogGroupName') ?? request.physicalName(512);
}

const logStream: ResourceHandler = {
  type: 'AWS::Logs::LogStream',
  shape: {
    type: 'object',
    properties: { LogGroupName: TEXT, LogStreamName: TEXT },
    required: ['LogGroupName'],
  },
  replaceOn: ['LogGroupName', 'LogStreamName'],
  async create(request) {
    const logStreamName = streamName(request);
    const logGroupName = String(request.properties['LogGroupName']);
    await request.call('logs', 'CreateLogStream', { logGroupName, logStreamName });
    return { physicalId: logStreamName };
  },
  async find(request) {
    const name = streamName(request);
    const logGroupName = String(request.properties['LogGroupName']);
    const list = request.call('logs', 'DescribeLogStreams', {
      logGroupName,
      logStreamNamePrefix: name,
      limit: 1,
    });
    const { logStreams = [] } = (await unlessAbsent(list, GONE)) ?? {};
    return logStreams.find(({ logStreamName }) => logStreamName === name)?.logStreamName;
  },
  async delete({ call, physicalId, properties }) {
    const logGroupName = String(properties['LogGroupName']);
    await unlessGone(
      call('logs', 'DeleteLogStream', { logGroupName, logStreamName: physicalId }),
      GONE,
    );
  },
};

function streamName(request: ResourceRequest): string {
  return textOf(request.properties, 'LogStreamName') ?? request.physicalName(512);
}

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
  const wanted = tagsOf(request);
  const tagKeys = goneTags(request);
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
