// Fn::ForEach, by the examples of its documentation.
import { describe, expect, it } from 'vitest';
import { expandLoops } from './language-extensions.ts';

const PARAMETERS = new Map<string, readonly string[]>([['Names', ['Success', 'Failure']]]);

function expand(resources: unknown, mappings = {}): unknown {
  return expandLoops({ Mappings: mappings, Resources: resources }, PARAMETERS)['Resources'];
}

const TOPIC = { Type: 'AWS::SNS::Topic', Properties: { TopicName: { 'Fn::Sub': '${Name}.fifo' } } };

describe('Fn::ForEach', () => {
  it('repeats resources over a parameter', () => {
    expect(
      expand({ 'Fn::ForEach::Topics': ['Name', { Ref: 'Names' }, { 'Snstopic${Name}': TOPIC }] }),
    ).toEqual({
      SnstopicSuccess: { ...TOPIC, Properties: { TopicName: { 'Fn::Sub': 'Success.fifo' } } },
      SnstopicFailure: { ...TOPIC, Properties: { TopicName: { 'Fn::Sub': 'Failure.fifo' } } },
    });
  });

  it('repeats members, and `&{}` makes ids of what is none', () => {
    const queue = {
      Type: 'AWS::SQS::Queue',
      Properties: { 'Fn::ForEach::P': ['Key', ['A', 'B'], { '${Key}': { Ref: 'Ip' } }] },
    };
    expect(expand({ 'Fn::ForEach::Q': ['Ip', ['10.0.0.1'], { 'Q&{Ip}': queue }] })).toEqual({
      Q10001: { Type: 'AWS::SQS::Queue', Properties: { A: '10.0.0.1', B: '10.0.0.1' } },
    });
  });

  it('nests, and reads mappings', () => {
    const inner = {
      'Fn::ForEach::In': ['B', { 'Fn::FindInMap': ['M', 'x', 'list'] }, { '${A}${B}': {} }],
    };
    const outer = { 'Fn::ForEach::Out': ['A', ['p', 'q'], inner] };
    expect(Object.keys(expand(outer, { M: { x: { list: ['1', '2'] } } }) as object)).toEqual([
      'p1',
      'p2',
      'q1',
      'q2',
    ]);
  });

  it.each<[unknown, string]>([
    [['A', ['x', 'x'], { '${A}': {} }], 'could not generate unique keys'],
    [
      ['A', { 'Fn::GetAtt': ['B', 'C'] }, { '${A}': {} }],
      'the collection must be a list of strings',
    ],
    [['A', ['x']], 'requires a list argument with three elements'],
  ])('refuses %j', (argument, message) => {
    expect(() => expand({ 'Fn::ForEach::L': argument })).toThrow(message);
  });
});
