// Stacks through the engine with fake resource types: plan, apply, undo, remove, and crashes in between.
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../base/random.ts';
import type { ResourceHandler, ResourceRequest } from '../kernel/resources.ts';
import type {
  PreparedTemplate,
  ResourceEvent,
  ResourceRecord,
  StackRun,
} from '../kernel/templates.ts';
import { createTemplateEngine } from './template-engine.ts';

const STACK = {
  account: '111122223333',
  region: 'eu-west-1',
  stackName: 'shop',
  stackId: 'arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/1',
  notificationArns: [],
};

class Crash extends Error {}

function nameOf(request: ResourceRequest): string {
  const name = request.properties['Name'];
  return typeof name === 'string' ? name : request.physicalName(64);
}

/** A world of things by physical id, the handlers that make them, and a durable record beside. */
function createWorld() {
  const things = new Map<string, Record<string, unknown>>();
  const log: string[] = [];
  const events: ResourceEvent[] = [];
  const records = new Map<string, ResourceRecord>();
  const broken = new Set<string>();
  let crashAfter = Number.POSITIVE_INFINITY;
  let calls = 0;

  const step = (): void => {
    calls += 1;
    if (calls > crashAfter) throw new Crash(`killed at ${calls}`);
  };
  const thing: ResourceHandler = {
    type: 'Test::Thing',
    shape: {
      type: 'object',
      properties: {
        Name: { type: 'string' },
        Size: { type: 'integer' },
        Link: { type: 'string' },
        On: { type: 'boolean' },
        Tags: {
          type: 'list',
          of: { type: 'object', properties: { Key: { type: 'string' } }, required: ['Key'] },
        },
      },
    },
    replaceOn: ['Name'],
    find: async (request) => {
      const name = nameOf(request);
      return things.has(name) ? name : undefined;
    },
    create: async (request) => {
      const name = nameOf(request);
      if (broken.has(request.logicalId)) throw new Error(`${request.logicalId} is broken`);
      if (things.has(name)) throw new Error(`${name} exists`);
      things.set(name, { ...request.properties });
      log.push(`create ${request.logicalId}`);
      return { physicalId: name, attributes: { Arn: `arn:${name}` } };
    },
    update: async (request) => {
      if (broken.has(`update ${request.logicalId}`)) throw new Error('cannot change');
      things.set(request.physicalId, { ...request.properties });
      log.push(`update ${request.logicalId}`);
      return { physicalId: request.physicalId };
    },
    delete: async (request) => {
      if (broken.has(`delete ${request.logicalId}`)) throw new Error('still in use');
      if (things.delete(request.physicalId)) log.push(`delete ${request.logicalId}`);
    },
  };
  const fixed: ResourceHandler = { ...thing, type: 'Test::Fixed', replaceOn: [] };
  Reflect.deleteProperty(fixed, 'update');
  let serial = 0;
  const nameless: ResourceHandler = {
    ...thing,
    type: 'Test::Nameless',
    candidates: async () => [...things.keys()].filter((id) => id.startsWith('id-')),
    create: async (request) => {
      serial += 1;
      things.set(`id-${serial}`, { ...request.properties });
      step();
      return { physicalId: `id-${serial}` };
    },
  };
  Reflect.deleteProperty(nameless, 'find');
  /** Someone else takes the name between the look and the create. */
  const raced: ResourceHandler = {
    ...thing,
    type: 'Test::Raced',
    create: async (request) => {
      things.set(nameOf(request), {});
      throw new Error('exists');
    },
  };
  const engine = createTemplateEngine({ handlers: [thing, fixed, nameless, raced] });

  function runOf(operationId: string, cancelled = false): StackRun {
    return {
      stack: STACK,
      operationId,
      records: [...records.values()],
      exportValue: (name) => (name === 'shared-vpc' ? 'vpc-1' : undefined),
      save: async ({ logicalId, record, event }) => {
        step();
        if (record === undefined) records.delete(logicalId);
        else records.set(logicalId, record);
        if (event !== undefined) events.push(event);
        step();
      },
      call: () => Promise.reject(new Error('no calls in this world')),
      sleep: async () => {},
      until: () => Promise.reject(new Error('nothing to wait for in this world')),
      exchange: () => Promise.reject(new Error('nobody answers in this world')),
      random: seededRandom(7),
      stackTags: {},
      cancelled: () => cancelled,
    };
  }
  return {
    engine, things, log, events, records, broken, runOf,
    prepare: (body: unknown, parameters: Record<string, string> = {}): PreparedTemplate =>
      engine.prepare({ body: typeof body === 'string' ? body : JSON.stringify(body), parameters }, STACK),
    crashAt: (count: number) => {
      crashAfter = count;
      calls = 0;
    },
  }; // prettier-ignore
}

const resources = (members: Record<string, unknown>): { Resources: Record<string, unknown> } => ({
  Resources: members,
});
const thing = (properties: Record<string, unknown> = {}, more: Record<string, unknown> = {}) => ({
  Type: 'Test::Thing',
  Properties: properties,
  ...more,
});

describe('apply', () => {
  it('creates along the graph and computes the outputs', async () => {
    const world = createWorld();
    const template = world.prepare({
      Parameters: { Size: { Type: 'Number', Default: '3' } },
      ...resources({
        B: thing({
          Name: { 'Fn::Sub': '${AWS::StackName}-b' },
          Link: { 'Fn::GetAtt': ['A', 'Arn'] },
        }),
        A: thing({ Name: 'a', Size: { Ref: 'Size' }, On: 'true' }),
        C: thing({ Link: { 'Fn::ImportValue': 'shared-vpc' } }, { DependsOn: 'B' }),
      }),
      Outputs: {
        Where: { Value: { Ref: 'B' }, Export: { Name: { 'Fn::Sub': '${AWS::Region}-where' } } },
      },
    });
    const outcome = await template.apply(world.runOf('op1'));
    expect(outcome).toEqual({
      ok: true,
      outputs: [{ key: 'Where', value: 'shop-b', exportName: 'eu-west-1-where' }],
    });
    expect(world.log).toEqual(['create A', 'create B', 'create C']);
    expect(world.things.get('a')).toEqual({ Name: 'a', Size: 3, On: true });
    expect(world.things.get('shop-b')).toEqual({ Name: 'shop-b', Link: 'arn:a' });
    expect([...world.things.keys()][2]).toMatch(/^shop-C-[A-Z0-9]{12}$/);
    expect(template.imports({ records: [], exportValue: () => 'x' })).toEqual(['shared-vpc']);
  });

  it('updates what changed, replaces what must be, drops what is gone, and cleans up after', async () => {
    const world = createWorld();
    const before = resources({
      A: thing({ Name: 'a', Size: 1 }),
      B: thing({ Name: 'b' }),
      C: thing({ Name: 'c' }),
    });
    await world.prepare(before).apply(world.runOf('op1'));
    world.log.length = 0;
    const next = world.prepare(
      resources({ A: thing({ Name: 'a', Size: 2 }), B: thing({ Name: 'b2', Link: { Ref: 'A' } }) }),
    );
    const plan = next.plan({ records: [...world.records.values()], exportValue: () => undefined });
    expect(
      plan.changes.map(({ action, logicalId, replacement }) => [action, logicalId, replacement]),
    ).toEqual([
      ['Modify', 'A', 'False'],
      ['Modify', 'B', 'True'],
      ['Remove', 'C', undefined],
    ]);
    expect(await next.apply(world.runOf('op2'))).toMatchObject({ ok: true });
    expect(world.log).toEqual(['update A', 'create B']);
    expect([...world.things.keys()]).toEqual(['a', 'b', 'c', 'b2']);
    expect(await world.engine.remove(world.runOf('op2'), { scope: 'left-behind' })).toEqual({
      ok: true,
    });
    expect([...world.things.keys()].toSorted()).toEqual(['a', 'b2']);
    expect([...world.records.keys()]).toEqual(['A', 'B']);
    expect(
      next.plan({ records: [...world.records.values()], exportValue: () => undefined }).changes,
    ).toEqual([]);
  });

  it('takes everything back when an update fails halfway', async () => {
    const world = createWorld();
    await world
      .prepare(
        resources({
          A: thing({ Name: 'a', Size: 1 }),
          B: thing({ Name: 'b' }),
          C: thing({ Name: 'c' }),
        }),
      )
      .apply(world.runOf('op1'));
    const recordsBefore = structuredClone(
      [...world.records.values()].map(({ current }) => current),
    );
    world.broken.add('D');
    const next = world.prepare(
      resources({
        A: thing({ Name: 'a', Size: 2 }),
        B: thing({ Name: 'b2' }),
        N: thing({ Name: 'n' }),
        D: thing({}, { DependsOn: ['A', 'B', 'N'] }),
      }),
    );
    const outcome = await next.apply(world.runOf('op2'));
    expect(outcome).toEqual({
      ok: false,
      cancelled: false,
      failed: [{ logicalId: 'D', action: 'CREATE' }],
    });
    expect(await world.engine.undo(world.runOf('op2'))).toEqual({ ok: true });
    expect(await world.engine.remove(world.runOf('op2'), { scope: 'left-behind' })).toEqual({
      ok: true,
    });
    expect(Object.fromEntries(world.things)).toEqual({
      a: { Name: 'a', Size: 1 },
      b: { Name: 'b' },
      c: { Name: 'c' },
    });
    expect([...world.records.values()].map(({ current }) => current)).toEqual(recordsBefore);
  });

  it('refuses a name that is taken, and does not touch its owner', async () => {
    const world = createWorld();
    world.things.set('mine', { Owner: 'somebody' });
    const outcome = await world
      .prepare(resources({ A: thing({ Name: 'mine' }) }))
      .apply(world.runOf('op1'));
    expect(outcome).toMatchObject({ ok: false });
    expect(world.events.at(-1)?.statusReason).toBe(
      "Resource of type 'Test::Thing' with identifier 'mine' already exists.",
    );
    await world.engine.undo(world.runOf('op1'));
    await world.engine.remove(world.runOf('op1'), { scope: 'everything' });
    expect(world.things.get('mine')).toEqual({ Owner: 'somebody' });
    expect(world.records.size).toBe(0);
  });

  it('refuses to replace a resource with a custom name under the same name', async () => {
    const world = createWorld();
    const fixed = (size: number) =>
      resources({ F: { Type: 'Test::Fixed', Properties: { Name: 'f', Size: size } } });
    await world.prepare(fixed(1)).apply(world.runOf('op1'));
    expect(await world.prepare(fixed(2)).apply(world.runOf('op2'))).toMatchObject({ ok: false });
    expect(world.events.at(-1)?.statusReason).toBe(
      'CloudFormation cannot update a stack when a custom-named resource requires replacing. ' +
        'Rename f and update the stack again.',
    );
  });

  it('starts nothing when cancelled', async () => {
    const world = createWorld();
    const outcome = await world.prepare(resources({ A: thing() })).apply(world.runOf('op1', true));
    expect(outcome).toEqual({ ok: false, cancelled: true, failed: [] });
    expect(world.things.size).toBe(0);
  });

  it('names every wrong property', async () => {
    const world = createWorld();
    const wrong = resources({
      A: thing({ Nmae: 'x', Size: 'big', On: 'maybe', Tags: [{ Value: '1' }] }),
    });
    await world.prepare(wrong).apply(world.runOf('op1'));
    expect(world.events.at(-1)).toMatchObject({
      status: 'CREATE_FAILED',
      statusReason:
        'Properties validation failed for resource A with message: #: extraneous key [Nmae] is not permitted\n' +
        '#/Size: expected type: Integer, found: String\n#/On: expected type: Boolean, found: String\n' +
        '#/Tags/0: extraneous key [Value] is not permitted\n#/Tags/0: required key [Key] not found',
    });
  });
});

describe('remove', () => {
  it('deletes dependents first, keeps Retain, and stops at what cannot go', async () => {
    const world = createWorld();
    await world
      .prepare(
        resources({
          A: thing({ Name: 'a' }),
          B: thing({ Name: 'b', Link: { Ref: 'A' } }),
          K: thing({ Name: 'k' }, { DeletionPolicy: 'Retain' }),
        }),
      )
      .apply(world.runOf('op1'));
    world.broken.add('delete B');
    const outcome = await world.engine.remove(world.runOf('op2'), { scope: 'everything' });
    expect(outcome).toEqual({
      ok: false,
      cancelled: false,
      failed: [{ logicalId: 'B', action: 'DELETE' }],
    });
    expect([...world.things.keys()].toSorted()).toEqual(['a', 'b', 'k']);
    world.broken.clear();
    world.log.length = 0;
    expect(await world.engine.remove(world.runOf('op3'), { scope: 'everything' })).toEqual({
      ok: true,
    });
    expect(world.log).toEqual(['delete B', 'delete A']);
    expect([...world.things.keys()]).toEqual(['k']);
    expect(world.records.size).toBe(0);
  });
});

describe('crashes', () => {
  const first = resources({
    A: thing({ Name: 'a', Size: 1 }),
    B: thing({ Link: { Ref: 'A' } }),
    C: thing({ Name: 'c', Link: { 'Fn::GetAtt': 'B.Arn' } }),
  });
  const second = resources({
    A: thing({ Name: 'a', Size: 2 }),
    C: thing({ Name: 'c2', Link: { Ref: 'A' } }),
    D: thing({ Name: 'd', Link: { Ref: 'C' } }),
  });

  /** Runs `steps` again and again, killed at each possible point once, until they pass. */
  async function survive(
    world: ReturnType<typeof createWorld>,
    at: number,
    steps: () => Promise<unknown>,
  ) {
    world.crashAt(at);
    const crashed = await steps().then(
      () => false,
      (error: unknown) => {
        if (!(error instanceof Crash)) throw error;
        return true;
      },
    );
    world.crashAt(Number.POSITIVE_INFINITY);
    if (crashed) await steps();
    return crashed;
  }

  it.each(['finish', 'roll back'])(
    'at any point of an update, the next run can %s',
    async (ending) => {
      let at = 0;
      for (let crashed = true; crashed; at++) {
        const world = createWorld();
        await world.prepare(first).apply(world.runOf('op1'));
        const worldBefore = Object.fromEntries(world.things);
        if (ending === 'finish') {
          crashed = await survive(world, at, async () => {
            expect(await world.prepare(second).apply(world.runOf('op2'))).toMatchObject({
              ok: true,
            });
            await world.engine.remove(world.runOf('op2'), { scope: 'left-behind' });
          });
          expect(Object.fromEntries(world.things)).toEqual({
            a: { Name: 'a', Size: 2 },
            c2: { Name: 'c2', Link: 'a' },
            d: { Name: 'd', Link: 'c2' },
          });
          expect([...world.records.keys()].toSorted()).toEqual(['A', 'C', 'D']);
        } else {
          world.crashAt(at);
          crashed = await world
            .prepare(second)
            .apply(world.runOf('op2'))
            .then(
              () => false,
              () => true,
            );
          world.crashAt(Number.POSITIVE_INFINITY);
          expect(await world.engine.undo(world.runOf('op2'))).toEqual({ ok: true });
          await world.engine.remove(world.runOf('op2'), { scope: 'left-behind' });
          expect(Object.fromEntries(world.things)).toEqual(worldBefore);
          expect([...world.records.keys()].toSorted()).toEqual(['A', 'B', 'C']);
        }
      }
      expect(at).toBeGreaterThan(8);
    },
  );

  it('at any point of a create, deletion leaves nothing', async () => {
    let at = 0;
    for (let crashed = true; crashed; at++) {
      const world = createWorld();
      world.crashAt(at);
      crashed = await world
        .prepare(first)
        .apply(world.runOf('op1'))
        .then(
          () => false,
          () => true,
        );
      world.crashAt(Number.POSITIVE_INFINITY);
      await world.engine.undo(world.runOf('op1'));
      await survive(world, at, () =>
        world.engine.remove(world.runOf('op1'), { scope: 'everything' }),
      );
      expect(world.things.size).toBe(0);
      expect(world.records.size).toBe(0);
    }
    expect(at).toBeGreaterThan(6);
  });
});

describe('a resource with a random id, when the run crashes', () => {
  const nameless = { Type: 'Test::Nameless', Properties: { Size: 1 } };

  it.each(['finish', 'roll back'])(
    'what the create made is recognised, what others made is not: %s',
    async (ending) => {
      let at = 0;
      for (let crashed = true; crashed; at++) {
        const world = createWorld();
        world.things.set('id-of-another', {});
        const apply = () => world.prepare(resources({ A: nameless })).apply(world.runOf('op1'));
        world.crashAt(at);
        crashed = await apply().then(
          (outcome) => !outcome.ok,
          () => true,
        );
        world.crashAt(Number.POSITIVE_INFINITY);
        if (ending === 'finish' && world.records.get('A')?.change?.state !== 'failed') {
          expect(await apply()).toMatchObject({ ok: true });
          const id = world.records.get('A')?.current?.physicalId ?? '';
          expect([...world.things.keys()].toSorted()).toEqual(['id-of-another', id].toSorted());
        } else {
          await world.engine.undo(world.runOf('op1'));
          await world.engine.remove(world.runOf('op1'), { scope: 'everything' });
          expect([...world.things.keys()]).toEqual(['id-of-another']);
        }
      }
      expect(at).toBeGreaterThan(4);
    },
  );
});

it('what another made of the same name meanwhile outlives the rollback', async () => {
  const world = createWorld();
  const raced = { Type: 'Test::Raced', Properties: { Name: 'contested' } };
  const template = world.prepare(resources({ A: raced }));
  expect(await template.apply(world.runOf('op1'))).toMatchObject({ ok: false });
  await world.engine.undo(world.runOf('op1'));
  await world.engine.remove(world.runOf('op1'), { scope: 'everything' });
  expect([...world.things.keys()]).toEqual(['contested']);
});

describe('what CloudFormation refuses at once', () => {
  it.each([
    ['nothing', '{}', 'Template format error: At least one Resources member must be defined.'],
    ['text', 'hello', 'Template format error: unsupported structure.'],
    ['broken JSON', '{"Resources": {', 'Template format error: JSON not well-formed. (line 1, column 16)'],
    ['an unknown section', { Resurces: {} }, 'Invalid template property or properties [Resurces]'],
    ['an unknown type', resources({ A: { Type: 'AWS::Nope::Nope' } }),
      'Template format error: Unrecognized resource types: [AWS::Nope::Nope]'],
    ['no type', resources({ A: {} }),
      'Template format error: [/Resources/A] Every Resources object must contain a Type member.'],
    ['a null', resources({ A: thing({ Name: null }) }),
      "Template format error: [/Resources/A/Properties/Name] 'null' values are not allowed in templates"],
    ['a cycle', resources({ A: thing({ Link: { Ref: 'B' } }), B: thing({ Link: { 'Fn::Sub': '${A.Arn}' } }), C: thing({ Link: { Ref: 'A' } }) }),
      'Circular dependency between resources: [A, B]'],
    ['a dangling Ref', resources({ A: thing({ Link: { Ref: 'X' } }) }),
      'Template format error: Unresolved resource dependencies [X] in the Resources block of the template'],
    ['a dangling GetAtt', resources({ A: thing({ Link: { 'Fn::GetAtt': ['X', 'Arn'] } }) }),
      'Template error: instance of Fn::GetAtt references undefined resource X'],
    ['a dangling DependsOn', resources({ A: thing({}, { DependsOn: 'X' }) }),
      'Template format error: Unresolved resource dependencies [X] in the Resources block of the template'],
    ['a dangling output', { ...resources({ A: thing() }), Outputs: { O: { Value: { Ref: 'X' } } } },
      'Template format error: Unresolved resource dependencies [X] in the Outputs block of the template'],
    ['a Ref to what is not made', { Conditions: { No: { 'Fn::Equals': ['a', 'b'] } },
      ...resources({ A: thing({ Link: { Ref: 'B' } }), B: thing({}, { Condition: 'No' }) }) },
      'Template format error: Unresolved resource dependencies [B] in the Resources block of the template'],
    ['an unknown function', resources({ A: thing({ Link: { 'Fn::Nope': 1 } }) }),
      'Template format error: Unrecognized intrinsic function Fn::Nope'],
    ['an unknown macro', { Transform: 'MyMacro', ...resources({ A: thing() }) }, 'No transform named MyMacro found.'],
  ])('%s', (_, body, message) => {
    const world = createWorld();
    expect(() => {
      const prepared = world.prepare(body);
      prepared.plan({ records: [], exportValue: () => undefined });
    }).toThrow(message);
  }); // prettier-ignore

  it('a changed type', async () => {
    const world = createWorld();
    await world.prepare(resources({ A: thing() })).apply(world.runOf('op1'));
    const next = world.prepare(resources({ A: { Type: 'Test::Fixed' } }));
    expect(() =>
      next.plan({ records: [...world.records.values()], exportValue: () => undefined }),
    ).toThrow(
      'Update of resource type is not permitted. The new template modifies resource type of the following resources: [A]',
    );
  });
});
