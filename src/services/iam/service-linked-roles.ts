// Service-linked roles: the name and policy each service's role has on AWS.

export interface LinkedRole {
  readonly roleName: string;
  /** Name of the AWS managed policy under `aws-service-role/`. */
  readonly policy: string;
  readonly takesSuffix?: true;
}

// Names as the services' documentation gives them ("Using service-linked roles").
const LINKED_ROLES: Readonly<Record<string, LinkedRole>> = {
  'apidestinations.events.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonEventBridgeApiDestinations',
    policy: 'AmazonEventBridgeApiDestinationsServiceRolePolicy',
  },
  'autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForAutoScaling',
    policy: 'AutoScalingServiceRolePolicy',
    takesSuffix: true,
  },
  'dynamodb.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_DynamoDBTable',
    policy: 'AWSApplicationAutoscalingDynamoDBTablePolicy',
  },
  'ecs.amazonaws.com': {
    roleName: 'AWSServiceRoleForECS',
    policy: 'AmazonECSServiceRolePolicy',
  },
  'elasticache.amazonaws.com': {
    roleName: 'AWSServiceRoleForElastiCache',
    policy: 'ElastiCacheServiceRolePolicy',
  },
  'elasticloadbalancing.amazonaws.com': {
    roleName: 'AWSServiceRoleForElasticLoadBalancing',
    policy: 'AWSElasticLoadBalancingServiceRolePolicy',
  },
  'es.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonElasticsearchService',
    policy: 'AmazonElasticsearchServiceRolePolicy',
  },
  'lambda.application-autoscaling.amazonaws.com': {
    roleName: 'AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency',
    policy: 'AWSApplicationAutoscalingLambdaConcurrencyPolicy',
  },
  'opensearchservice.amazonaws.com': {
    roleName: 'AWSServiceRoleForAmazonOpenSearchService',
    policy: 'AmazonOpenSearchServiceRolePolicy',
  },
  'ops.apigateway.amazonaws.com': {
    roleName: 'AWSServiceRoleForAPIGateway',
    policy: 'APIGatewayServiceRolePolicy',
  },
  'rds.amazonaws.com': {
    roleName: 'AWSServiceRoleForRDS',
    policy: 'AmazonRDSServiceRolePolicy',
  },
  'replication.dynamodb.amazonaws.com': {
    roleName: 'AWSServiceRoleForDynamoDBReplication',
    policy: 'DynamoDBReplicationServiceRolePolicy',
  },
};

export function findLinkedRole(service: string): LinkedRole | undefined {
  return Object.hasOwn(LINKED_ROLES, service) ? LINKED_ROLES[service] : undefined;
}
