// Intrinsic functions by the examples of the CloudFormation documentation.
import { describe, expect, it } from 'vitest';
import { Pending, evaluate, pendingSources } from './evaluate.ts';
import type { Environment } from './evaluate.ts';

const ENVIRONMENT: Environment = {
  parameters: new Map<string, string | readonly string[]>([
    ['Stage', 'prod'],
    ['Subnets', ['subnet-a', 'subnet-b']],
  ]),
  pseudo: { 'AWS::Region': 'eu-west-1', 'AWS::AccountId': '111122223333' },
  mappings: { Sizes: { prod: { memory: 512, zones: ['a', 'b'] } } },
  condition: (name) => name === 'Yes',
  ref: (logicalId) => ({ Table: 'shop-Table', New: new Pending(['New']) })[logicalId],
  attribute: (logicalId, name) =>
    logicalId === 'New' ? new Pending([`New.${name}`]) : `${logicalId}/${name}`,
  exportValue: (name) => (name === 'shop-vpc' ? 'vpc-1' : undefined),
  languageExtensions: true,
};

function valueOf(expression: unknown): unknown {
  return evaluate(expression, ENVIRONMENT);
}

const CIDR_EXAMPLE = { 'Fn::Cidr': ['192.168.0.0/24', '6', '5'] };

describe('values', () => {
  it.each<[unknown, unknown]>([
    [{ Ref: 'Stage' }, 'prod'],
    [{ Ref: 'Table' }, 'shop-Table'],
    [{ Ref: 'AWS::Region' }, 'eu-west-1'],
    [{ 'Fn::GetAtt': ['Table', 'Arn'] }, 'Table/Arn'],
    [{ 'Fn::GetAtt': 'Nested.Outputs.Url' }, 'Nested/Outputs.Url'],
    [
      { 'Fn::Sub': '${Stage}-${Table.Arn}-${!Literal}-${AWS::Region}' },
      'prod-Table/Arn-${Literal}-eu-west-1',
    ],
    [{ 'Fn::Sub': ['${Name}.${Stage}', { Name: { Ref: 'Table' } }] }, 'shop-Table.prod'],
    [{ 'Fn::Join': [':', ['a', 'b', { Ref: 'Stage' }]] }, 'a:b:prod'],
    [{ 'Fn::Join': [',', { Ref: 'Subnets' }] }, 'subnet-a,subnet-b'],
    [{ 'Fn::Select': ['1', ['apples', 'grapes']] }, 'grapes'],
    [{ 'Fn::Split': ['|', 'a||c|'] }, ['a', '', 'c', '']],
    [{ 'Fn::If': ['Yes', 1, 2] }, 1],
    [{ 'Fn::If': ['No', 1, 2] }, 2],
    [{ 'Fn::FindInMap': ['Sizes', { Ref: 'Stage' }, 'memory'] }, 512],
    [{ 'Fn::FindInMap': ['Sizes', 'test', 'memory', { DefaultValue: 128 }] }, 128],
    [{ 'Fn::Base64': 'AWS CloudFormation' }, 'QVdTIENsb3VkRm9ybWF0aW9u'],
    [{ 'Fn::GetAZs': '' }, ['eu-west-1a', 'eu-west-1b', 'eu-west-1c']],
    [{ 'Fn::ImportValue': { 'Fn::Sub': 'shop-vpc' } }, 'vpc-1'],
    [{ 'Fn::Length': [1, 2, 3] }, 3],
    [{ 'Fn::ToJsonString': { a: { Ref: 'Stage' } } }, '{"a":"prod"}'],
    [
      CIDR_EXAMPLE,
      [
        '192.168.0.0/27',
        '192.168.0.32/27',
        '192.168.0.64/27',
        '192.168.0.96/27',
        '192.168.0.128/27',
        '192.168.0.160/27',
      ],
    ],
    [{ 'Fn::Cidr': ['2001:db8::/56', 2, 64] }, ['2001:db8::/64', '2001:db8:0:1::/64']],
    [{ a: { Ref: 'AWS::NoValue' }, b: [1, { Ref: 'AWS::NoValue' }] }, { b: [1] }],
    [
      { Condition: { StringEquals: { x: { Ref: 'Stage' } } } },
      { Condition: { StringEquals: { x: 'prod' } } },
    ],
  ])('%j', (expression, expected) => {
    expect(valueOf(expression)).toEqual(expected);
  });
});

describe('conditions', () => {
  it.each<[unknown, boolean]>([
    [{ 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] }, true],
    [{ 'Fn::Equals': [1, '1'] }, true],
    [{ 'Fn::And': [{ Condition: 'Yes' }, { 'Fn::Not': [{ Condition: 'No' }] }] }, true],
    [{ 'Fn::Or': [{ Condition: 'No' }, { 'Fn::Equals': ['a', 'b'] }] }, false],
  ])('%j', (expression, expected) => {
    expect(valueOf(expression)).toBe(expected);
  });
});

describe('what is not known yet', () => {
  it.each<[unknown, string[]]>([
    [{ Ref: 'New' }, ['New']],
    [{ 'Fn::Sub': '${New.Arn}/${New}' }, ['New.Arn', 'New']],
    [{ 'Fn::Join': ['-', ['a', { 'Fn::GetAtt': ['New', 'Id'] }]] }, ['New.Id']],
    [{ 'Fn::Select': [0, { 'Fn::Split': ['-', { Ref: 'New' }] }] }, ['New']],
    [{ Tags: [{ Key: 'a', Value: { Ref: 'New' } }] }, ['New']],
  ])('%j', (expression, sources) => {
    expect(pendingSources(valueOf(expression))).toEqual(sources);
  });
});

describe('mistakes', () => {
  it.each<[unknown, string]>([
    [{ Ref: 'Absent' }, 'Unresolved resource dependencies [Absent] in the Resources block'],
    [{ 'Fn::Nope': 1 }, 'Unrecognized intrinsic function Fn::Nope'],
    [{ 'Fn::Sub': '${a b}' }, 'variable names in Fn::Sub syntax must contain only alphanumeric'],
    [{ 'Fn::Select': [5, ['a']] }, 'Fn::Select cannot select nonexistent value at index 5'],
    [
      { 'Fn::FindInMap': ['Sizes', 'test', 'memory'] },
      'Unable to get mapping for Sizes::test::memory',
    ],
    [{ 'Fn::ImportValue': 'nothing' }, 'No export named nothing found.'],
    [{ 'Fn::Join': ['-'] }, 'every Fn::Join object requires two parameters'],
    [{ 'Fn::Split': ['', 'a'] }, 'every Fn::Split object requires two parameters'],
    [{ 'Fn::And': [true] }, 'at least 2 and at most 10'],
    [{ 'Fn::Transform': { Name: 'AWS::Include' } }, 'Transform AWS::Include is not supported here'],
  ])('%j', (expression, message) => {
    expect(() => valueOf(expression)).toThrow(message);
  });

  it('refuses the functions of AWS::LanguageExtensions without the transform', () => {
    const env = { ...ENVIRONMENT, languageExtensions: false };
    expect(() => evaluate({ 'Fn::Length': [1] }, env)).toThrow('AWS::LanguageExtensions');
  });
});
