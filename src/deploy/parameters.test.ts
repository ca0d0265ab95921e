// Parameters: what binds, and CloudFormation's words for what does not.
import { describe, expect, it } from 'vitest';
import { bindParameters, describeParameters } from './parameters.ts';

type Declaration = Readonly<Record<string, unknown>>;

function valueOf(declaration: Declaration, value?: string): unknown {
  const given = value === undefined ? {} : { P: value };
  return bindParameters({ P: declaration }, given).values.get('P');
}

describe('values', () => {
  it.each<[Declaration, string | undefined, unknown]>([
    [{ Type: 'String', Default: 'a' }, undefined, 'a'],
    [{ Type: 'String', Default: 'a' }, 'b', 'b'],
    [{ Type: 'Number', Default: 5 }, undefined, '5'],
    [{ Type: 'String', Default: true }, undefined, 'true'],
    [{ Type: 'CommaDelimitedList' }, 'a, b ,c', ['a', 'b', 'c']],
    [{ Type: 'List<Number>' }, '1,2', ['1', '2']],
    [{ Type: 'AWS::EC2::KeyPair::KeyName' }, 'key', 'key'],
    [{ Type: 'List<AWS::EC2::Subnet::Id>' }, 'subnet-1,subnet-2', ['subnet-1', 'subnet-2']],
    [{ Type: 'String', AllowedPattern: '[a-z]+' }, 'abc', 'abc'],
    [{ Type: 'Number', MinValue: 1, MaxValue: '10' }, '10', '10'],
  ])('%j given %j', (declaration, value, expected) => {
    expect(valueOf(declaration, value)).toEqual(expected);
  });
});

describe('refusals', () => {
  it.each<[Declaration, string | undefined, string]>([
    [{ Type: 'String' }, undefined, 'Parameters: [P] must have values'],
    [{ Type: 'Number' }, 'x', "Parameter 'P' must be a number"],
    [{ Type: 'String', AllowedValues: ['a'] }, 'b', "Parameter 'P' must be one of AllowedValues"],
    [
      { Type: 'String', AllowedValues: ['a'], ConstraintDescription: 'must be the first letter.' },
      'b',
      'Parameter P failed to satisfy constraint: must be the first letter.',
    ],
    [
      { Type: 'String', AllowedPattern: '[a-z]+' },
      'ab1',
      "Parameter 'P' must match pattern [a-z]+",
    ],
    [{ Type: 'String', MinLength: 2 }, 'a', "Parameter 'P' must contain at least 2 characters"],
    [{ Type: 'String', MaxLength: 2 }, 'abc', "Parameter 'P' must contain at most 2 characters"],
    [{ Type: 'Number', MinValue: 2 }, '1', "Parameter 'P' must be a number not less than 2"],
    [{ Type: 'Number', MaxValue: 2 }, '3', "Parameter 'P' must be a number not greater than 2"],
    [{ Type: 'Strange' }, 'x', 'Unrecognized parameter type: Strange'],
    [{ Type: 'String', Minimum: 1 }, 'x', "Invalid template parameter property 'Minimum'"],
    [{ Default: 'x' }, 'x', 'Every Parameters object must contain a Type member.'],
    [
      { Type: 'AWS::SSM::Parameter::Value<String>' },
      '/a',
      'parameters from SSM Parameter Store are not supported here',
    ],
  ])('%j given %j', (declaration, value, message) => {
    expect(() => valueOf(declaration, value)).toThrow(message);
  });

  it('names the strangers', () => {
    expect(() => bindParameters({}, { A: '1', B: '2' })).toThrow(
      'Parameters: [A, B] do not exist in the template',
    );
  });
});

it('tells what a template declares', () => {
  const declared = { P: { Type: 'String', Default: 1, NoEcho: 'true', Description: 'd' } };
  expect(describeParameters(declared)).toEqual([
    { key: 'P', type: 'String', defaultValue: '1', noEcho: true, description: 'd' },
  ]);
});
