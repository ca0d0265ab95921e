// Loads the official SDK's schema objects of one service, on first use.
import type { ServiceId } from './operations.ts';

type SchemaModule = Record<string, unknown>;

// One literal import each, so that the bundler makes one lazy chunk for each service.
const LOADERS: Readonly<Record<ServiceId, () => Promise<SchemaModule>>> = {
  apigateway: () => import('@aws-sdk/client-api-gateway/dist-es/schemas/schemas_0.js'),
  cloudformation: () => import('@aws-sdk/client-cloudformation/dist-es/schemas/schemas_0.js'),
  dynamodb: () => import('@aws-sdk/client-dynamodb/dist-es/schemas/schemas_0.js'),
  dynamodbstreams: () => import('@aws-sdk/client-dynamodb-streams/dist-es/schemas/schemas_0.js'),
  iam: () => import('@aws-sdk/client-iam/dist-es/schemas/schemas_0.js'),
  lambda: () => import('@aws-sdk/client-lambda/dist-es/schemas/schemas_0.js'),
  logs: () => import('@aws-sdk/client-cloudwatch-logs/dist-es/schemas/schemas_0.js'),
  s3: () => import('@aws-sdk/client-s3/dist-es/schemas/schemas_0.js'),
  sns: () => import('@aws-sdk/client-sns/dist-es/schemas/schemas_0.js'),
  sqs: () => import('@aws-sdk/client-sqs/dist-es/schemas/schemas_0.js'),
  sts: () => import('@aws-sdk/client-sts/dist-es/schemas/schemas_0.js'),
};

/** All schemas by exported name (`Invoke$`, `CreateFunctionRequest$`…); repeated calls share them. */
export async function loadSchemas(id: ServiceId): Promise<SchemaModule> {
  return LOADERS[id]();
}
