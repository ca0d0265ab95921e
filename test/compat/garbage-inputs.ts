// Seeded inputs of any operation: of the right types, and of values nobody has thought of.
import type { Random } from '../../src/base/random.ts';
import { randomInteger } from '../../src/base/random.ts';
import type { ConstraintTable, ShapeConstraint } from '../../src/models/constraint-table.ts';
import type { Schema } from '../../src/wire/schema.ts';
import { kindOf, membersOf, schemaOf } from '../../src/wire/schema.ts';
import type { Operation } from '../../src/wire/service-model.ts';

const DEEPEST = 6;

/** Names of what the test has made, by the member that asks for them; most answers are worth more then. */
const KNOWN: readonly (readonly [member: RegExp, values: readonly string[]])[] = [
  [/^Bucket$/, ['fuzz']],
  [/^(Key|CopySource|Prefix|StartAfter|Marker|KeyMarker)$/, ['fuzz', 'fuzz/fuzz', 'a b/é']],
  [/^TableName$/, ['fuzz']],
  [/^IndexName$/, ['by-other', 'none']],
  [/^QueueUrl$/, ['http://127.0.0.1/000000000000/fuzz', 'http://127.0.0.1/000000000000/fuzz.fifo', 'fuzz']],
  [/^QueueName$/, ['fuzz', 'fuzz.fifo']],
  [/^(TopicArn|TargetArn)$/, ['arn:aws:sns:us-east-1:000000000000:fuzz']],
  [/^(FunctionName|functionName)$/, ['fuzz', 'arn:aws:lambda:us-east-1:000000000000:function:fuzz:live']],
  [/^(FunctionVersion|Qualifier)$/, ['$LATEST', '1', 'live']],
  [/^(RoleName|UserName|GroupName|PolicyName|InstanceProfileName)$/, ['fuzz']],
  [/^(RoleArn|Role)$/, ['arn:aws:iam::000000000000:role/fuzz']],
  [/^(StackName|ChangeSetName)$/, ['fuzz']],
  [/^(logGroupName|logGroupNamePrefix|logGroupIdentifier)$/, ['/fuzz']],
  [/^logStreamName$/, ['fuzz']],
  [/^restApiId$/, ['fuzz']],
  [/Arn$/, ['arn:aws:sqs:us-east-1:000000000000:fuzz', 'arn:aws:iam::000000000000:policy/fuzz']],
  [/^(.*PolicyDocument|Policy|policy)$/, ['{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}']],
  [/^TemplateBody$/, ['{"Resources":{"Q":{"Type":"AWS::SQS::Queue"}}}', '{"Resources":{"A":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":{"Fn::Sub":["${A",{}]}}}}}', 'Resources: [', '{"Fn::Transform":{}}']],
  [/Expression$/, ['a = :a', 'SET a = if_not_exists(b, :a) + :a', 'attribute_exists(a.b[0]) AND (NOT size(#a) > :a)', '((((', 'a[99999999999999999999] = :a', 'REMOVE a[0], a']],
  [/^(filterPattern|FilterPattern)$/, ['{ $.a = 1 && ($.b[*] != "x*") }', '[a, b=1*, ...]', '?a -b "c', '{', '%(((a+)+)+$%']],
  [/^FilterPolicy$/, ['{"a":[{"anything-but":{"prefix":"x"}},{"numeric":[">",1]}]}', '{"$or":[]}']],
  [/[tT]oken$/, ['', 'e30=', 'eyJhIjoxfQ==', 'AAAA']],
];

const STRINGS = [
  '',
  ' ',
  'a',
  'A.b_C-1',
  '0',
  '-1',
  '1e400',
  'NaN',
  '9'.repeat(40),
  'x'.repeat(300),
  'x'.repeat(5000),
  '\u0000',
  'a\nb\r\n',
  '\u{1f4a5} é ß',
  '../../../etc/passwd',
  '/',
  '//',
  '.',
  '%00%zz',
  '${a}',
  '#{b}',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '{}',
  '[]',
  'null',
  'true',
  '{"a":',
  '{"a":{"b":[1,null,"x"]}}',
  '<a>&amp;</a>',
  'arn:',
  'arn:aws:::::',
  'arn:aws:lambda:us-east-1:000000000000:function:',
  'arn:aws:s3:::fuzz/*',
  'http://[',
  'https://127.0.0.1:1/x?y#z',
  's3://fuzz/fuzz',
  '2026-01-01T00:00:00Z',
  'rate(0 minutes)',
  '$LATEST',
  'fuzz',
  'fuzz',
  '*',
  '?',
  '(a+)+$',
];

const NUMBERS = [0, 1, 2, 10, 30, -1, 100, 1000, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53 - 1];
const FLOATS = [0.5, -0, 1e308, Number.NaN, Number.POSITIVE_INFINITY, 5e-324];
const TIMES = [0, -1, -62_135_596_800_000, 1e12, 253_402_300_799_999, 1.7e12];

/** Waiting is no garbage: long polls and their like stay short. */
const WAITS = /^(WaitTimeSeconds|DelaySeconds)$/;

export interface InputMaker {
  make(operation: Operation): Record<string, unknown>;
}

export function createInputMaker(random: Random, table: ConstraintTable | undefined): InputMaker {
  return {
    make(operation) {
      const constraint = table?.shapes[table.operations[operation.name] ?? ''];
      const input = new Maker(random, table).value({ schema: schemaOf(operation.schema[4]), name: '', constraint }, 0);
      return (input ?? {}) as Record<string, unknown>;
    },
  };
}

interface Place {
  readonly schema: Schema;
  /** Of the member. */
  readonly name: string;
  readonly constraint: ShapeConstraint | undefined;
}

class Maker {
  readonly #random: Random;
  readonly #table: ConstraintTable | undefined;

  constructor(random: Random, table: ConstraintTable | undefined) {
    this.#random = random;
    this.#table = table;
  }

  value(place: Place, depth: number): unknown {
    const { schema } = place;
    switch (kindOf(schema)) {
      case 'string':
        return this.#text(place);
      case 'number':
        return this.#number(place);
      case 'boolean':
        return this.#chance(0.5);
      case 'timestamp':
        return new Date(this.#pick(TIMES));
      case 'blob':
        return this.#random.bytes(this.#pick([0, 1, 20, 1000]));
      case 'bigInteger':
        return BigInt(this.#pick(NUMBERS));
      case 'document':
        return this.#document(depth);
      case 'list':
        return this.#list(place, depth);
      case 'map':
        return this.#map(place, depth);
      case 'structure':
        return this.#structure(place, depth);
      case 'union':
        return this.#union(place, depth);
      case 'bigDecimal':
      case 'unit':
        return undefined;
    }
  }

  #structure(place: Place, depth: number): Record<string, unknown> {
    const made: Record<string, unknown> = {};
    for (const { name, schema, required } of membersOf(place.schema)) {
      const isWanted = required ? !this.#chance(0.02) : this.#chance(depth > DEEPEST ? 0 : 0.35);
      if (isWanted) made[name] = this.value({ schema, name, constraint: this.#memberOf(place, name) }, depth + 1);
    }
    return made;
  }

  #union(place: Place, depth: number): Record<string, unknown> {
    const { name, schema } = this.#pick(membersOf(place.schema));
    return { [name]: this.value({ schema, name, constraint: this.#memberOf(place, name) }, depth + 1) };
  }

  #list({ schema, name, constraint }: Place, depth: number): unknown[] {
    const length = depth > DEEPEST ? 0 : this.#pick([0, 1, 1, 1, 2, 3, 12]);
    const of = constraint?.kind === 'list' ? this.#shape(constraint.of) : undefined;
    const element = { schema: schema.getValueSchema(), name: name.replace(/s$/, ''), constraint: of };
    return Array.from({ length }, () => this.value(element, depth + 1));
  }

  #map({ schema, name, constraint }: Place, depth: number): Record<string, unknown> {
    const made: Record<string, unknown> = {};
    const shapes = constraint?.kind === 'map' ? constraint : undefined;
    const length = depth > DEEPEST ? 0 : this.#pick([0, 1, 1, 2, 5]);
    for (let at = 0; at < length; at++) {
      const key = this.#text({ schema: schema.getKeySchema(), name: 'key', constraint: this.#shape(shapes?.key) });
      const value = { schema: schema.getValueSchema(), name, constraint: this.#shape(shapes?.value) };
      Object.defineProperty(made, this.#chance(0.3) ? this.#pick([':a', '#a', 'id', 'other']) : key, {
        value: this.value(value, depth + 1),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return made;
  }

  #text({ name, constraint }: Place): string {
    if (constraint?.kind === 'text' && constraint.values !== undefined && this.#chance(0.85)) {
      return this.#pick(constraint.values);
    }
    const known = KNOWN.find(([member]) => member.test(name));
    if (known !== undefined && this.#chance(0.75)) return this.#pick(known[1]);
    return this.#pick(STRINGS);
  }

  #number({ name, constraint }: Place): number {
    if (WAITS.test(name)) return this.#pick([0, 1, -1]);
    if (constraint?.kind === 'number' && this.#chance(0.7)) {
      const { min = 0, max = min + 10 } = constraint;
      return this.#pick([min, max, min + randomInteger(this.#random, Math.min(max - min, 1000) + 1)]);
    }
    return this.#pick(this.#chance(0.9) ? NUMBERS : FLOATS);
  }

  #document(depth: number): unknown {
    if (depth > DEEPEST) return null;
    return this.#pick<() => unknown>([
      () => null,
      () => this.#pick(STRINGS),
      () => this.#pick(NUMBERS),
      () => [this.#document(depth + 1)],
      () => ({ [this.#pick(['a', 'b'])]: this.#document(depth + 1) }),
    ])();
  }

  #memberOf({ constraint }: Place, name: string): ShapeConstraint | undefined {
    return constraint?.kind === 'structure' ? this.#shape(constraint.members?.[name]) : undefined;
  }

  #shape(name: string | undefined): ShapeConstraint | undefined {
    return name === undefined ? undefined : this.#table?.shapes[name];
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[randomInteger(this.#random, choices.length)] as T;
  }

  #chance(probability: number): boolean {
    return this.#random.next() < probability;
  }
}
