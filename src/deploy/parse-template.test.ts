// What a template's text means: short tags, YAML 1.1 as CloudFormation reads it, positions of mistakes.
import { describe, expect, it } from 'vitest';
import { parseTemplate } from './parse-template.ts';

function valueOf(yaml: string): unknown {
  return parseTemplate(`V: ${yaml}`).content['V'];
}

describe('short tags', () => {
  it.each([
    ['!Ref Table', { Ref: 'Table' }],
    ['!GetAtt Table.StreamArn', { 'Fn::GetAtt': ['Table', 'StreamArn'] }],
    ['!GetAtt Nested.Outputs.Url', { 'Fn::GetAtt': ['Nested', 'Outputs.Url'] }],
    ['!GetAtt [Table, Arn]', { 'Fn::GetAtt': ['Table', 'Arn'] }],
    ['!Sub "${A}-x"', { 'Fn::Sub': '${A}-x' }],
    ['!Join ["-", [a, !Ref B]]', { 'Fn::Join': ['-', ['a', { Ref: 'B' }]] }],
    ['!GetAZs ""', { 'Fn::GetAZs': '' }],
    ['!Condition IsProd', { Condition: 'IsProd' }],
    ['!Transform {Name: AWS::Include}', { 'Fn::Transform': { Name: 'AWS::Include' } }],
    ['!Select [0, !Split [",", "a,b"]]', { 'Fn::Select': [0, { 'Fn::Split': [',', 'a,b'] }] }],
  ])('%s', (yaml, expected) => {
    expect(valueOf(yaml)).toEqual(expected);
  });
});

describe('scalars', () => {
  it.each([
    ['N', 'N'],
    ['yes', true],
    ['on', true],
    ['2012-10-17', '2012-10-17'],
    ['12:30:45', '12:30:45'],
    ['012345678901', '012345678901'],
    ['10', 10],
    ['1.5', 1.5],
    ['1e3', 1000],
    ['0x1F', 31],
    ['.', '.'],
    ['"5"', '5'],
    ['~', null],
  ])('%s', (yaml, expected) => {
    expect(valueOf(yaml)).toBe(expected);
  });

  it('keys stay text', () => {
    const { content } = parseTemplate('on: 1\n012345678901: 2\n1: 3\n');
    expect(Object.keys(content).toSorted()).toEqual(['012345678901', '1', 'on']);
  });

  it('merges anchors', () => {
    expect(parseTemplate('A: &a {x: 1}\nB:\n  <<: *a\n  y: 2\n').content['B']).toEqual({
      x: 1,
      y: 2,
    });
  });
});

// Each of these would end the process: see base/nesting.ts.
describe('what would exhaust the stack is refused', () => {
  it.each([
    ['JSON', `{"A":${'['.repeat(5000)}${']'.repeat(5000)}}`, 'nested too deeply'],
    ['JSON that does not end', '{"A":'.repeat(5000), 'not well-formed'],
    ['YAML in brackets', `A: ${'['.repeat(5000)}`, 'nested too deeply'],
    ['YAML on one line', `A:\n  ${'- '.repeat(5000)}`, 'nested too deeply'],
    ['a value inside of itself', 'A: &a [*a]', 'not well-formed'],
  ])('%s', (_, text, message) => {
    expect(() => parseTemplate(text)).toThrow(message);
  });
});

describe('mistakes', () => {
  it.each([
    ['YAML', 'A: 1\nB: [1, 2\nC: 3\n', /YAML not well-formed\. \(line 3, column 1\)/],
    ['JSON', '{\n  "A": 1,\n  "B" 2\n}', /JSON not well-formed\. \(line 3, column 7\)/],
    ['an unknown tag', 'A: !Nope x\n', /YAML not well-formed\. \(line 1, column 4\)/],
    ['no mapping', '- a\n- b\n', /unsupported structure/],
    ['nothing', '', /unsupported structure/],
  ])('in %s', (_, text, message) => {
    expect(() => parseTemplate(text)).toThrow(message);
  });

  it('are placed by the path of the value', () => {
    const yaml = parseTemplate('Resources:\n  A:\n    Type: X\n    Properties:\n      Tags: [1]\n');
    expect(yaml.locate(['Resources', 'A', 'Properties', 'Tags'])).toBe('5:7');
    expect(yaml.locate(['Resources', 'A', 'Properties', 'Absent'])).toBe('4:5');
    const json = parseTemplate('{\n "Resources": {\n  "A": {}\n }\n}');
    expect(json.locate(['Resources', 'A'])).toBe('3:3');
  });
});
