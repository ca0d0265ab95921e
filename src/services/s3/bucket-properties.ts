// Properties of AWS::S3::Bucket that are settings of the bucket: their shapes, how to put and to remove.
import type { Call } from '../../kernel/context.ts';
import {
  FLAG,
  INTEGER,
  JSON_VALUE,
  TAGS,
  TEXT,
  TEXTS,
  listOf,
  object,
  only,
} from '../../kernel/property-shapes.ts';
import type { PropertyShape } from '../../kernel/resources.ts';
import type { InputOf } from '../../models/operations.ts';

export interface BucketTarget {
  readonly call: Call;
  readonly Bucket: string;
  readonly stackTags: Readonly<Record<string, string>>;
}

export interface BucketSetting {
  readonly property: string;
  readonly shape: PropertyShape;
  put(target: BucketTarget, value: unknown): Promise<unknown>;
  remove(target: BucketTarget): Promise<unknown>;
}

const tag = TAGS.of;

type Raw = Readonly<Record<string, unknown>>;

const versioning: BucketSetting = {
  property: 'VersioningConfiguration',
  shape: object({ Status: TEXT }, ['Status']),
  put: ({ call, Bucket }, value) =>
    call('s3', 'PutBucketVersioning', { Bucket, VersioningConfiguration: value as { Status: 'Enabled' } }),
  // Versioning is never taken back, only suspended.
  remove: ({ call, Bucket }) =>
    call('s3', 'PutBucketVersioning', { Bucket, VersioningConfiguration: { Status: 'Suspended' } }),
};

const ownership: BucketSetting = {
  property: 'OwnershipControls',
  shape: object({ Rules: listOf(only({ ObjectOwnership: TEXT })) }, ['Rules']),
  put: ({ call, Bucket }, value) =>
    call('s3', 'PutBucketOwnershipControls', {
      Bucket,
      OwnershipControls: value as InputOf<'s3', 'PutBucketOwnershipControls'>['OwnershipControls'],
    }),
  remove: ({ call, Bucket }) => call('s3', 'DeleteBucketOwnershipControls', { Bucket }),
};

const publicAccess: BucketSetting = {
  property: 'PublicAccessBlockConfiguration',
  shape: only({
    BlockPublicAcls: FLAG,
    BlockPublicPolicy: FLAG,
    IgnorePublicAcls: FLAG,
    RestrictPublicBuckets: FLAG,
  }),
  put: ({ call, Bucket }, value) =>
    call('s3', 'PutPublicAccessBlock', {
      Bucket,
      PublicAccessBlockConfiguration: value as { BlockPublicAcls: boolean },
    }),
  remove: ({ call, Bucket }) => call('s3', 'DeletePublicAccessBlock', { Bucket }),
};

const encryption: BucketSetting = {
  property: 'BucketEncryption',
  shape: object(
    {
      ServerSideEncryptionConfiguration: listOf(
        only({
          BucketKeyEnabled: FLAG,
          ServerSideEncryptionByDefault: object({ KMSMasterKeyID: TEXT, SSEAlgorithm: TEXT }, [
            'SSEAlgorithm',
          ]),
        }),
      ),
    },
    ['ServerSideEncryptionConfiguration'],
  ),
  put({ call, Bucket }, value) {
    const rules = (value as { ServerSideEncryptionConfiguration: Raw[] })
      .ServerSideEncryptionConfiguration;
    const Rules = rules.map(({ ServerSideEncryptionByDefault, ...rest }) => ({
      ...rest,
      ApplyServerSideEncryptionByDefault: ServerSideEncryptionByDefault as { SSEAlgorithm: 'AES256' },
    }));
    const ServerSideEncryptionConfiguration = { Rules };
    return call('s3', 'PutBucketEncryption', { Bucket, ServerSideEncryptionConfiguration });
  },
  remove: ({ call, Bucket }) => call('s3', 'DeleteBucketEncryption', { Bucket }),
};

const cors: BucketSetting = {
  property: 'CorsConfiguration',
  shape: object(
    {
      CorsRules: listOf(
        object(
          {
            Id: TEXT,
            AllowedHeaders: TEXTS,
            AllowedMethods: TEXTS,
            AllowedOrigins: TEXTS,
            ExposedHeaders: TEXTS,
            MaxAge: INTEGER,
          },
          ['AllowedMethods', 'AllowedOrigins'],
        ),
      ),
    },
    ['CorsRules'],
  ),
  put({ call, Bucket }, value) {
    const CORSRules = (value as { CorsRules: Raw[] }).CorsRules.map(
      ({ Id, ExposedHeaders, MaxAge, ...rest }) => ({
        ...(rest as { AllowedMethods: string[]; AllowedOrigins: string[] }),
        ...(Id === undefined ? {} : { ID: Id as string }),
        ...(ExposedHeaders === undefined ? {} : { ExposeHeaders: ExposedHeaders as string[] }),
        ...(MaxAge === undefined ? {} : { MaxAgeSeconds: Number(MaxAge) }),
      }),
    );
    return call('s3', 'PutBucketCors', { Bucket, CORSConfiguration: { CORSRules } });
  },
  remove: ({ call, Bucket }) => call('s3', 'DeleteBucketCors', { Bucket }),
};

const tags: BucketSetting = {
  property: 'Tags',
  shape: listOf(tag),
  put({ call, Bucket, stackTags }, value) {
    const own = (value ?? []) as { Key: string; Value: string }[];
    const fromStack = Object.entries(stackTags)
      // Reserved names are CloudFormation's own to set; S3 takes them from nobody else.
      .filter(([Key]) => !Key.startsWith('aws:') && !own.some((each) => each.Key === Key))
      .map(([Key, Value]) => ({ Key, Value }));
    return call('s3', 'PutBucketTagging', { Bucket, Tagging: { TagSet: [...own, ...fromStack] } });
  },
  remove: ({ call, Bucket }) => call('s3', 'DeleteBucketTagging', { Bucket }),
};

const s3Key = only({ S3Key: only({ Rules: listOf(object({ Name: TEXT, Value: TEXT }, ['Name', 'Value'])) }) });
const notified = (target: string): PropertyShape =>
  listOf(object({ Event: TEXT, Filter: s3Key, [target]: TEXT }, ['Event', target]));

const notifications: BucketSetting = {
  property: 'NotificationConfiguration',
  shape: only({
    EventBridgeConfiguration: JSON_VALUE,
    LambdaConfigurations: notified('Function'),
    QueueConfigurations: notified('Queue'),
    TopicConfigurations: notified('Topic'),
  }),
  put({ call, Bucket }, value) {
    const given = value as Readonly<Record<string, Raw[] | undefined>>;
    const rules = (name: string) =>
      (given[name] ?? []).map((raw) => ({
        raw,
        Events: [raw['Event']] as 's3:ObjectCreated:*'[],
        ...readFilter(raw['Filter']),
      }));
    return call('s3', 'PutBucketNotificationConfiguration', {
      Bucket,
      NotificationConfiguration: {
        LambdaFunctionConfigurations: rules('LambdaConfigurations').map(({ raw, ...rest }) => ({
          ...rest,
          LambdaFunctionArn: String(raw['Function']),
        })),
        QueueConfigurations: rules('QueueConfigurations').map(({ raw, ...rest }) => ({
          ...rest,
          QueueArn: String(raw['Queue']),
        })),
        TopicConfigurations: rules('TopicConfigurations').map(({ raw, ...rest }) => ({
          ...rest,
          TopicArn: String(raw['Topic']),
        })),
        ...(given['EventBridgeConfiguration'] === undefined ? {} : { EventBridgeConfiguration: {} }),
      },
    });
  },
  remove: ({ call, Bucket }) =>
    call('s3', 'PutBucketNotificationConfiguration', { Bucket, NotificationConfiguration: {} }),
};

function readFilter(filter: unknown) {
  const rules = (filter as { S3Key?: { Rules?: Raw[] } } | undefined)?.S3Key?.Rules;
  if (rules === undefined) return {};
  const FilterRules = rules.map(({ Name, Value }) => ({ Name: String(Name) as 'prefix', Value: String(Value) }));
  return { Filter: { Key: { FilterRules } } };
}

const lifecycle: BucketSetting = {
  property: 'LifecycleConfiguration',
  shape: object(
    {
      TransitionDefaultMinimumObjectSize: TEXT,
      Rules: listOf(
        object(
          {
            Id: TEXT,
            Status: TEXT,
            Prefix: TEXT,
            TagFilters: listOf(tag),
            ObjectSizeGreaterThan: TEXT,
            ObjectSizeLessThan: TEXT,
            ExpirationInDays: INTEGER,
            ExpirationDate: TEXT,
            ExpiredObjectDeleteMarker: FLAG,
            NoncurrentVersionExpirationInDays: INTEGER,
            NoncurrentVersionExpiration: object(
              { NoncurrentDays: INTEGER, NewerNoncurrentVersions: INTEGER },
              ['NoncurrentDays'],
            ),
            AbortIncompleteMultipartUpload: object({ DaysAfterInitiation: INTEGER }, [
              'DaysAfterInitiation',
            ]),
            Transition: JSON_VALUE,
            Transitions: JSON_VALUE,
            NoncurrentVersionTransition: JSON_VALUE,
            NoncurrentVersionTransitions: JSON_VALUE,
          },
          ['Status'],
        ),
      ),
    },
    ['Rules'],
  ),
  put({ call, Bucket }, value) {
    const { Rules, TransitionDefaultMinimumObjectSize: minimum } = value as {
      Rules: Raw[];
      TransitionDefaultMinimumObjectSize?: 'all_storage_classes_128K';
    };
    return call('s3', 'PutBucketLifecycleConfiguration', {
      Bucket,
      LifecycleConfiguration: { Rules: Rules.map(readLifecycleRule) },
      ...(minimum === undefined ? {} : { TransitionDefaultMinimumObjectSize: minimum }),
    });
  },
  remove: ({ call, Bucket }) => call('s3', 'DeleteBucketLifecycle', { Bucket }),
};

type LifecycleRuleShape = NonNullable<
  NonNullable<InputOf<'s3', 'PutBucketLifecycleConfiguration'>['LifecycleConfiguration']>['Rules']
>[number];

function readLifecycleRule(raw: Raw): LifecycleRuleShape {
  const given = (name: string): boolean => raw[name] !== undefined;
  const expiration = {
    ...(given('ExpirationInDays') ? { Days: Number(raw['ExpirationInDays']) } : {}),
    ...(given('ExpirationDate') ? { Date: new Date(String(raw['ExpirationDate'])) } : {}),
    ...(given('ExpiredObjectDeleteMarker')
      ? { ExpiredObjectDeleteMarker: raw['ExpiredObjectDeleteMarker'] === true }
      : {}),
  };
  const older = given('NoncurrentVersionExpirationInDays')
    ? { NoncurrentDays: Number(raw['NoncurrentVersionExpirationInDays']) }
    : raw['NoncurrentVersionExpiration'];
  const transitions = raw['Transitions'] ?? raw['Transition'];
  const olderTransitions = raw['NoncurrentVersionTransitions'] ?? raw['NoncurrentVersionTransition'];
  const rule = {
    ...(given('Id') ? { ID: String(raw['Id']) } : {}),
    Status: String(raw['Status']) as 'Enabled',
    Filter: readLifecycleFilter(raw),
    ...(Object.keys(expiration).length === 0 ? {} : { Expiration: expiration }),
    ...(older === undefined ? {} : { NoncurrentVersionExpiration: older }),
    ...(given('AbortIncompleteMultipartUpload')
      ? { AbortIncompleteMultipartUpload: raw['AbortIncompleteMultipartUpload'] }
      : {}),
    ...(transitions === undefined ? {} : { Transitions: transitions }),
    ...(olderTransitions === undefined ? {} : { NoncurrentVersionTransitions: olderTransitions }),
  };
  return rule as LifecycleRuleShape;
}

function readLifecycleFilter(raw: Raw): LifecycleRuleShape['Filter'] {
  const members = {
    ...(raw['Prefix'] === undefined ? {} : { Prefix: raw['Prefix'] as string }),
    ...(raw['ObjectSizeGreaterThan'] === undefined
      ? {}
      : { ObjectSizeGreaterThan: Number(raw['ObjectSizeGreaterThan']) }),
    ...(raw['ObjectSizeLessThan'] === undefined
      ? {}
      : { ObjectSizeLessThan: Number(raw['ObjectSizeLessThan']) }),
  };
  const tagFilters = (raw['TagFilters'] ?? []) as { Key: string; Value: string }[];
  const [only] = tagFilters;
  const count = Object.keys(members).length + tagFilters.length;
  if (count > 1) {
    return { And: { ...members, ...(tagFilters.length === 0 ? {} : { Tags: tagFilters }) } };
  }
  return only === undefined ? members : { Tag: only };
}

/** In the order they are put: ownership and blocks decide whether ACLs and policies are taken. */
export const SETTINGS: readonly BucketSetting[] = [
  ownership,
  publicAccess,
  versioning,
  encryption,
  cors,
  lifecycle,
  tags,
  notifications,
];
