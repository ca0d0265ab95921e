// Which services a cloud has: a new one joins by its line here.
import type { AnyService } from '../kernel/service.ts';
import { apigateway } from '../services/apigateway/service.ts';
import { cloudformation } from '../services/cloudformation/service.ts';
import { dynamodb } from '../services/dynamodb/service.ts';
import { dynamodbStreams } from '../services/dynamodb/streams/service.ts';
import { iam } from '../services/iam/service.ts';
import { lambda } from '../services/lambda/service.ts';
import { logs } from '../services/logs/service.ts';
import { s3 } from '../services/s3/service.ts';
import { sns } from '../services/sns/service.ts';
import { sqs } from '../services/sqs/service.ts';
import { sts } from '../services/sts/service.ts';

export const SERVICES: readonly AnyService[] = [
  apigateway,
  cloudformation,
  dynamodb,
  dynamodbStreams,
  iam,
  lambda,
  logs,
  s3,
  sns,
  sqs,
  sts,
];
