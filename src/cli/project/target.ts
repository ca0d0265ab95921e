// The clients a deployment needs, pointed at one cloud.
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { S3Client } from '@aws-sdk/client-s3';
import type { Connection } from '../connection.ts';
import type { DeployTarget } from './deploy-project.ts';

export function targetOf({ clientSettings, region }: Connection): DeployTarget {
  return {
    cloudFormation: new CloudFormationClient(clientSettings),
    s3: new S3Client(clientSettings),
    region,
  };
}
