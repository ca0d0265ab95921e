// Writes src/services/iam/managed/*.json: AWS's own managed policies, as its API answers them and moto records.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

interface ManagedPolicy {
  readonly Path: string;
  readonly CreateDate: string;
  readonly UpdateDate: string;
  readonly DefaultVersionId: string;
  readonly Document: unknown;
}

/** All names are known; documents ship for the services Cloudlet has or will have, and the broad ones. */
const SHIPPED_DOCUMENTS = new RegExp(
  '^(?:' +
    [
      'A(?:mazon)?PIGateway',
      'AWSApplicationAutoscaling(?:DynamoDB|ECS|ElastiCache|Lambda|RDS)',
      'AWSCloudFormation',
      'AWSCloudTrail_',
      'AWSCodeDeploy',
      'AWSDenyAll',
      'AWSKeyManagementServicePowerUser',
      'AWSLambda',
      'AWSSecretsManager',
      'AWSStepFunctions',
      'AWSX[Rr]ay',
      'AdministratorAccess$',
      'AmazonAPIGateway',
      'AmazonAthena',
      'AmazonCognito',
      'AmazonDynamoDB',
      'AmazonEC2ContainerRegistry',
      'AmazonECSTaskExecution',
      'AmazonES',
      'AmazonElastiCache',
      'AmazonEventBridge',
      'AmazonKinesis(?!Video|Analytics)',
      'AmazonOpenSearchService',
      'AmazonRDS(?!Custom|Beta|Preview)',
      'AmazonRekognition',
      'AmazonS3(?!Outposts|Tables|Files)',
      'AmazonSES',
      'AmazonSNS',
      'AmazonSQS',
      'AmazonSSM(?:Managed|Full|ReadOnly)',
      'AmazonVPC(?:Full|ReadOnly)',
      'CloudWatchEvents',
      'CloudWatchFull',
      'CloudWatchLambda',
      'CloudWatchLogs',
      'CloudWatchReadOnly',
      'CloudWatchAgent',
      'DynamoDB',
      'ElastiCacheServiceRole',
      'IAM',
      'PowerUserAccess$',
      'ReadOnlyAccess$',
      'SecretsManager',
      'SecurityAudit$',
      'ViewOnlyAccess$',
    ].join('|') +
    ')',
);

const SCRIPT = 'from moto.iam.aws_managed_policies import aws_managed_policies_data as d; print(d)';

function readPolicies(): [string, ManagedPolicy][] {
  const text = execFileSync('python3', ['-c', SCRIPT], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const policies = JSON.parse(text) as Record<string, ManagedPolicy>;
  return Object.entries(policies).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** One policy a line, so that a change of one shows as one line. */
function write(name: string, entries: readonly (readonly [string, unknown])[]): void {
  const lines = entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  const text = `{\n${lines.join(',\n')}\n}\n`;
  writeFileSync(resolve('src/services/iam/managed', name), text);
  process.stdout.write(`${name}: ${entries.length} policies, ${text.length} bytes\n`);
}

const policies = readPolicies();
write(
  'index.json',
  policies.map(([name, { Path, CreateDate, UpdateDate, DefaultVersionId }]) => [
    name,
    [Path, Date.parse(CreateDate) / 1000, Date.parse(UpdateDate) / 1000, DefaultVersionId],
  ]),
);
write(
  'documents.json',
  policies
    .filter(([name]) => SHIPPED_DOCUMENTS.test(name))
    .map(([name, { Document }]) => [name, Document]),
);
