// Constraint messages: as recorded from AWS, and one refusal generated for every constraint of every table.
import { describe, expect, test } from 'vitest';
import { unreachable } from '../base/errors.ts';
import type { ConstraintTable, ShapeConstraint } from './constraint-table.ts';
import type { ServiceId } from './operations.ts';
import { SERVICE_ROWS } from './services.ts';
import { createValidator, loadConstraints } from './validate.ts';

const VALIDATED = SERVICE_ROWS.filter((row) => row.validationErrorCode !== undefined).map(
  (row) => row.id as ServiceId,
);
const LONG_NAME = 'Session'.repeat(10);

// Messages from public recordings of AWS; the source stands beside each.
const RECORDED: readonly (readonly [string, ServiceId, string, unknown, string])[] = [
  [
    'null tableName (AllocZero/EfficientDynamoDb#164)',
    'dynamodb',
    'DescribeTable',
    {},
    "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null",
  ],
  [
    'empty tableName (nubo-db/dynoxide#11)',
    'dynamodb',
    'PutItem',
    { TableName: '', Item: {} },
    "1 validation error detected: Value '' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 1",
  ],
  [
    'three key schema elements (nubo-db/dynoxide#11)',
    'dynamodb',
    'CreateTable',
    {
      TableName: 'abc',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
        { AttributeName: 'extra', KeyType: 'RANGE' },
      ],
    },
    "1 validation error detected: Value '[KeySchemaElement(attributeName=pk, keyType=HASH), KeySchemaElement(attributeName=sk, keyType=RANGE), KeySchemaElement(attributeName=extra, keyType=RANGE)]' at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2",
  ],
  [
    'enum order of returnConsumedCapacity (getmoto/moto dynamodb tests against AWS)',
    'dynamodb',
    'GetItem',
    { TableName: 'abc', Key: {}, ReturnConsumedCapacity: 'hi' },
    "1 validation error detected: Value 'hi' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]",
  ],
  [
    'enum inside a list of structures (getmoto/moto)',
    'dynamodb',
    'CreateTable',
    { TableName: 'abc', KeySchema: [{ AttributeName: 'pk', KeyType: 'SORT' }] },
    "1 validation error detected: Value 'SORT' at 'keySchema.1.member.keyType' failed to satisfy constraint: Member must satisfy enum value set: [HASH, RANGE]",
  ],
  [
    'batch of no writes: a list inside a map (mhart/dynalite, aws/aws-dax-go)',
    'dynamodb',
    'BatchWriteItem',
    { RequestItems: { abc: [] } },
    "1 validation error detected: Value '{abc=[]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]",
  ],
  [
    'role name too long (IAM, recorded in CloudFormation events)',
    'iam',
    'CreateRole',
    {
      RoleName: 'changeAgentVerifyAuthChallengeResponse-production-changeAgentVerifyAuth',
      AssumeRolePolicyDocument: '{}',
    },
    "1 validation error detected: Value 'changeAgentVerifyAuthChallengeResponse-production-changeAgentVerifyAuth' at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64",
  ],
  [
    'role name with a path (IAM through Terraform)',
    'iam',
    'GetRole',
    { RoleName: '/service-role/visitor-counter-role' },
    "1 validation error detected: Value '/service-role/visitor-counter-role' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]+",
  ],
  [
    'session name with a colon (localstack test_sts.snapshot.json)',
    'sts',
    'AssumeRole',
    { RoleArn: 'arn:aws:iam::111111111111:role/test', RoleSessionName: 'Session1:2' },
    "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
  ],
  [
    'session name too long (localstack test_sts.snapshot.json)',
    'sts',
    'AssumeRole',
    { RoleArn: 'arn:aws:iam::111111111111:role/test', RoleSessionName: LONG_NAME },
    `1 validation error detected: Value '${LONG_NAME}' at 'roleSessionName' failed to satisfy constraint: Member must have length less than or equal to 64`,
  ],
  [
    'duration too short (hadoop-aws documentation)',
    'sts',
    'AssumeRole',
    {
      RoleArn: 'arn:aws:iam::111111111111:role/test',
      RoleSessionName: 'test',
      DurationSeconds: 20,
    },
    "1 validation error detected: Value '20' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
  ],
  [
    'stack name beginning with a digit (cfndsl tests)',
    'cloudformation',
    'CreateStack',
    { StackName: '0MyStack' },
    "1 validation error detected: Value '0MyStack' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
  ],
  [
    'stack name or id (GetTemplate)',
    'cloudformation',
    'DescribeStackEvents',
    {},
    "1 validation error detected: Value null at 'stackName' failed to satisfy constraint: Member must not be null",
  ],
  [
    'log group name with a colon',
    'logs',
    'DescribeLogStreams',
    { logGroupName: 'C:/Program Files/Git/aws/lambda/funcname' },
    "1 validation error detected: Value 'C:/Program Files/Git/aws/lambda/funcname' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
  ],
  [
    'architectures: an enum inside a list (getmoto/moto lambda tests against AWS)',
    'lambda',
    'CreateFunction',
    {
      FunctionName: 'f',
      Role: 'arn:aws:iam::111111111111:role/test',
      Code: {},
      Architectures: ['foo'],
    },
    "1 validation error detected: Value '[foo]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
  ],
  [
    'CORS methods of a function URL (recorded through Terraform)',
    'lambda',
    'CreateFunctionUrlConfig',
    { FunctionName: 'f', AuthType: 'NONE', Cors: { AllowMethods: ['POST', 'OPTIONS'] } },
    "1 validation error detected: Value '[POST, OPTIONS]' at 'cors.allowMethods' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 6, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: .*, Member must not be null]",
  ],
  [
    'a role that is not an ARN (getmoto/moto lambda tests against AWS)',
    'lambda',
    'CreateFunction',
    { FunctionName: 'f', Role: 'test-iam-role', Code: {} },
    "1 validation error detected: Value 'test-iam-role' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
  ],
  [
    'API key source (getmoto/moto apigateway tests against AWS)',
    'apigateway',
    'CreateRestApi',
    { name: 'api', apiKeySource: 'Wrong-value-AUTHORIZER' },
    "1 validation error detected: Value 'Wrong-value-AUTHORIZER' at 'createRestApiInput.apiKeySource' failed to satisfy constraint: Member must satisfy enum value set: [AUTHORIZER, HEADER]",
  ],
  [
    'endpoint types (localstack apigateway tests)',
    'apigateway',
    'CreateRestApi',
    { name: 'api', endpointConfiguration: { types: ['FOO'] } },
    "1 validation error detected: Value '[FOO]' at 'createRestApiInput.endpointConfiguration.types' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, EDGE, REGIONAL]]",
  ],
];

describe('messages recorded from AWS', () => {
  test.each(RECORDED)('%s', async (_title, service, operation, input, expected) => {
    const row = SERVICE_ROWS.find((each) => each.id === service);
    const validate = await createValidator(service);
    expect(validate?.(operation, input)).toEqual({
      code: row?.validationErrorCode,
      message: expected,
    });
  });

  test('several violations are counted and joined', async () => {
    const validate = await createValidator('dynamodb');
    expect(validate?.('GetItem', {})?.message).toBe(
      "2 validation errors detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null; " +
        "Value null at 'key' failed to satisfy constraint: Member must not be null",
    );
  });

  test('what is no number is within no bounds', async () => {
    const validate = await createValidator('sts');
    expect(validate?.('GetSessionToken', { DurationSeconds: Number.NaN })?.message).toContain(
      "Value 'NaN' at 'durationSeconds' failed to satisfy constraint",
    );
  });

  test('SQS and S3 answer by checks of their own', async () => {
    expect(await createValidator('sqs')).toBeUndefined();
    expect(await createValidator('s3')).toBeUndefined();
  });
});

interface Negative {
  readonly operation: string;
  readonly member: string;
  readonly input: Record<string, unknown>;
  readonly expected: string;
}

/** For every top-level member of every operation: inputs that break one bound, one enum, or leave it out. */
function generateNegatives(table: ConstraintTable): Negative[] {
  return Object.entries(table.operations).flatMap(([operation, inputShape]) => {
    const input = table.shapes[inputShape];
    if (input?.kind !== 'structure') return [];
    const members = Object.entries(input.members ?? {}).flatMap(([member, name]) => {
      const shape = table.shapes[name];
      return shape === undefined
        ? []
        : breakShape(shape, table).map(([value, expected]) => ({
            operation,
            member,
            input: { [member]: value },
            expected,
          }));
    });
    const absent = (input.required ?? []).map((member) => ({
      operation,
      member,
      input: {},
      expected: 'Member must not be null',
    }));
    return [...members, ...absent];
  });
}

function breakShape(
  shape: ShapeConstraint,
  table: ConstraintTable,
): (readonly [unknown, string])[] {
  if (shape.kind === 'structure')
    return (shape.required ?? []).map(() => [{}, 'Member must not be null'] as const);
  const broken: (readonly [unknown, string])[] = [];
  const { min = 0, max } = shape;
  const size = shape.kind === 'number' ? 'value' : 'length';
  const print = (bound: number): string =>
    shape.kind === 'number' && shape.double ? bound.toFixed(1) : `${bound}`;
  if (max !== undefined && max < 100_000) {
    broken.push([
      sized(shape, max + 1, table),
      `Member must have ${size} less than or equal to ${print(max)}`,
    ]);
  }
  if (min > 0)
    broken.push([
      sized(shape, min - 1, table),
      `Member must have ${size} greater than or equal to ${print(min)}`,
    ]);
  if (shape.kind === 'text' && shape.values !== undefined) {
    broken.push([
      '~ no such value ~',
      `Member must satisfy enum value set: [${shape.values.join(', ')}]`,
    ]);
  }
  return broken;
}

function sized(shape: ShapeConstraint, size: number, table: ConstraintTable): unknown {
  const emptyOf = (name: string | undefined): unknown => {
    const kind = name === undefined ? undefined : table.shapes[name]?.kind;
    return kind === 'structure' || kind === 'map' ? {} : kind === 'list' ? [] : 'a';
  };
  switch (shape.kind) {
    case 'number':
      return size;
    case 'blob':
      return new Uint8Array(size);
    case 'list':
      return Array.from({ length: size }, () => emptyOf(shape.of));
    case 'map':
      return Object.fromEntries(
        Array.from({ length: size }, (_, index) => [`k${index}`, emptyOf(shape.value)]),
      );
    case 'text':
    case 'structure':
      return 'a'.repeat(size);
    default:
      return unreachable(shape);
  }
}

describe.each(VALIDATED)('every constraint of %s', (service) => {
  test('refuses what breaks it, naming the member and the demand', async () => {
    const table = await loadConstraints(service);
    const validate = await createValidator(service);
    const negatives = table === undefined ? [] : generateNegatives(table);
    expect(negatives.length).toBeGreaterThan(10);
    for (const { operation, member, input, expected } of negatives) {
      const message = validate?.(operation, input)?.message ?? '';
      const path = `${member.charAt(0).toLowerCase()}${member.slice(1)}`;
      expect(message, `${operation} ${JSON.stringify(input).slice(0, 200)}`).toContain(expected);
      expect(
        message.includes(`'${path}`) || message.includes(`Input.${path}`),
        `${operation}: ${message}`,
      ).toBe(true);
    }
  });

  test('no pattern needs more than linear effort on long hostile text', async () => {
    const table = await loadConstraints(service);
    for (const [name, shape] of Object.entries(table?.shapes ?? {})) {
      if (shape.kind !== 'text' || shape.pattern === undefined) continue;
      const pattern =
        shape.unicodePattern === undefined
          ? new RegExp(`^(?:${shape.pattern})$`)
          : new RegExp(`^(?:${shape.unicodePattern})$`, 'u');
      for (const seed of ['a', 'a.', '-', '/', 'arn:aws:', 'a-', '0', 'aA0_']) {
        const started = performance.now();
        const length = shape.patternWithinMax ? (shape.max ?? 0) : 16_000;
        pattern.test(`${seed.repeat(length / seed.length)}\u0000`);
        expect(performance.now() - started, `${name}: ${shape.pattern} on ${seed}…`).toBeLessThan(
          250,
        );
      }
    }
  });
});
