// CloudFormation through the official SDK: stacks made of wait handles, and their life.
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  GetTemplateSummaryCommand,
  ListChangeSetsCommand,
  ListExportsCommand,
  ListImportsCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
  UpdateStackCommand,
  UpdateTerminationProtectionCommand,
  ValidateTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestCloud, createCloud } from '../../testing/create-cloud.ts';

let cloud: TestCloud;
let client: CloudFormationClient;

beforeEach(async () => {
  cloud = await createCloud();
  client = cloud.client(CloudFormationClient);
});
afterEach(() => cloud.close());

const HANDLE = { Type: 'AWS::CloudFormation::WaitConditionHandle' };

/** Fails when it is made: its Ref resolves to an attribute that wait handles do not have. */
const BROKEN = {
  Type: 'AWS::CloudFormation::Stack',
  Properties: { TemplateURL: { 'Fn::GetAtt': ['A', 'Nope'] } },
};

const text = (template: Record<string, unknown>): string => JSON.stringify(template);

const ONE = text({
  Parameters: {
    Stage: { Type: 'String', Default: 'dev' },
    Secret: { Type: 'String', NoEcho: true, Default: 's' },
  },
  Description: 'one handle',
  Resources: { A: HANDLE },
  Outputs: {
    Url: { Value: { Ref: 'A' }, Description: 'where', Export: { Name: 'the-url' } },
    S: { Value: { Ref: 'Stage' } },
  },
});

async function create(name: string, body: string, more: Record<string, unknown> = {}) {
  const created = await client.send(
    new CreateStackCommand({ StackName: name, TemplateBody: body, ...more }),
  );
  await cloud.settle();
  return created.StackId ?? '';
}

async function stackOf(name: string) {
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
  return Stacks?.[0];
}

async function statuses(name: string): Promise<string[]> {
  const { StackEvents } = await client.send(new DescribeStackEventsCommand({ StackName: name }));
  return (StackEvents ?? []).map((e) => `${e.LogicalResourceId} ${e.ResourceStatus}`).toReversed();
}

const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => {
      throw new Error('it was expected to fail');
    },
    (error: unknown) => {
      const { name, message } = error as Error;
      return { name, message };
    },
  );

describe('a stack', () => {
  it('is created in the background, described, updated and deleted', async () => {
    const id = await create('one', ONE, {
      Tags: [{ Key: 'team', Value: 'x' }],
      Parameters: [{ ParameterKey: 'Stage', ParameterValue: 'prod' }],
    });
    expect(id).toMatch(/^arn:aws:cloudformation:us-east-1:000000000000:stack\/one\/[0-9a-f-]{36}$/);
    expect(await stackOf('one')).toMatchObject({
      StackId: id,
      StackStatus: 'CREATE_COMPLETE',
      Description: 'one handle',
      DisableRollback: false,
      EnableTerminationProtection: false,
      Tags: [{ Key: 'team', Value: 'x' }],
      Parameters: [
        { ParameterKey: 'Stage', ParameterValue: 'prod' },
        { ParameterKey: 'Secret', ParameterValue: '****' },
      ],
      Outputs: [
        { OutputKey: 'Url', Description: 'where', ExportName: 'the-url' },
        { OutputKey: 'S', OutputValue: 'prod' },
      ],
    });
    expect(await statuses('one')).toEqual([
      'one CREATE_IN_PROGRESS',
      'A CREATE_IN_PROGRESS',
      'A CREATE_COMPLETE',
      'one CREATE_COMPLETE',
    ]);
    const two = text({ Resources: { A: HANDLE, B: HANDLE }, Outputs: {} });
    await client.send(new UpdateStackCommand({ StackName: 'one', TemplateBody: two }));
    await cloud.settle();
    expect(await stackOf('one')).toMatchObject({
      StackStatus: 'UPDATE_COMPLETE',
      Tags: [{ Key: 'team', Value: 'x' }],
    });
    const { StackResources } = await client.send(
      new DescribeStackResourcesCommand({ StackName: 'one' }),
    );
    expect(StackResources?.map((r) => [r.LogicalResourceId, r.ResourceStatus])).toEqual([
      ['A', 'CREATE_COMPLETE'],
      ['B', 'CREATE_COMPLETE'],
    ]);
    const owner = await client.send(
      new DescribeStackResourcesCommand({
        PhysicalResourceId: StackResources?.[1]?.PhysicalResourceId,
      }),
    );
    expect(owner.StackResources?.length).toBe(2);
    await client.send(new DeleteStackCommand({ StackName: 'one' }));
    await cloud.settle();
    expect(await failure(client.send(new DescribeStacksCommand({ StackName: 'one' })))).toEqual({
      name: 'ValidationError',
      message: 'Stack with id one does not exist',
    });
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: id }));
    expect(Stacks?.[0]).toMatchObject({ StackStatus: 'DELETE_COMPLETE' });
    expect((await client.send(new DescribeStacksCommand({}))).Stacks).toEqual([]);
    const listed = await client.send(
      new ListStacksCommand({ StackStatusFilter: ['DELETE_COMPLETE'] }),
    );
    expect(listed.StackSummaries?.map((s) => s.StackName)).toEqual(['one']);
  });

  it('rolls back a creation that fails, and says why', async () => {
    await create('bad', text({ Resources: { A: HANDLE, B: BROKEN } }));
    expect(await stackOf('bad')).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' });
    const { StackEvents } = await client.send(new DescribeStackEventsCommand({ StackName: 'bad' }));
    expect(
      StackEvents?.find((e) => e.ResourceStatus === 'CREATE_FAILED')?.ResourceStatusReason,
    ).toBe('Template error: resource A does not support attribute type Nope in Fn::GetAtt');
    expect(
      StackEvents?.find((e) => e.ResourceStatus === 'ROLLBACK_IN_PROGRESS')?.ResourceStatusReason,
    ).toBe('The following resource(s) failed to create: [B]. Rollback requested by user.');
    expect(
      (await client.send(new ListStackResourcesCommand({ StackName: 'bad' })))
        .StackResourceSummaries,
    ).toEqual([]);
    expect(
      await failure(client.send(new UpdateStackCommand({ StackName: 'bad', TemplateBody: ONE }))),
    ).toMatchObject({
      message: expect.stringMatching(
        /^Stack:arn:.* is in ROLLBACK_COMPLETE state and can not be updated\.$/,
      ),
    });
  });

  it.each([
    [{ OnFailure: 'DO_NOTHING' }, 'CREATE_FAILED'],
    [{ DisableRollback: true }, 'CREATE_FAILED'],
    [{ OnFailure: 'DELETE' }, 'DELETE_COMPLETE'],
  ])('with %o, a failed creation ends as %s', async (options, status) => {
    const id = await create('bad', text({ Resources: { A: HANDLE, B: BROKEN } }), options);
    expect(await stackOf(id)).toMatchObject({ StackStatus: status });
  });

  it('rolls back an update that fails', async () => {
    await create('one', ONE);
    const before = await stackOf('one');
    const worse = text({ Resources: { A: HANDLE, N: HANDLE, B: BROKEN } });
    await client.send(new UpdateStackCommand({ StackName: 'one', TemplateBody: worse }));
    await cloud.settle();
    expect(await stackOf('one')).toMatchObject({
      StackStatus: 'UPDATE_ROLLBACK_COMPLETE',
      Outputs: before?.Outputs,
      Parameters: before?.Parameters,
    });
    const { TemplateBody } = await client.send(new GetTemplateCommand({ StackName: 'one' }));
    expect(TemplateBody).toBe(ONE);
    const { StackResourceSummaries } = await client.send(
      new ListStackResourcesCommand({ StackName: 'one' }),
    );
    expect(StackResourceSummaries?.map((r) => r.LogicalResourceId)).toEqual(['A']);
  });

  it('keeps previous values and templates when asked', async () => {
    await create('one', ONE, { Parameters: [{ ParameterKey: 'Stage', ParameterValue: 'prod' }] });
    const again = { StackName: 'one', UsePreviousTemplate: true };
    const kept = [{ ParameterKey: 'Stage', UsePreviousValue: true }];
    expect(
      await failure(client.send(new UpdateStackCommand({ ...again, Parameters: kept }))),
    ).toEqual({
      name: 'ValidationError',
      message: 'No updates are to be performed.',
    });
    // Left out, a parameter goes back to its default, and the output with it.
    await client.send(new UpdateStackCommand(again));
    await cloud.settle();
    expect((await stackOf('one'))?.Outputs?.[1]?.OutputValue).toBe('dev');
  });

  it('is protected from deletion when asked', async () => {
    await create('one', ONE, { EnableTerminationProtection: true });
    expect(await failure(client.send(new DeleteStackCommand({ StackName: 'one' })))).toEqual({
      name: 'ValidationError',
      message: 'Stack [one] cannot be deleted while TerminationProtection is enabled',
    });
    await client.send(
      new UpdateTerminationProtectionCommand({
        StackName: 'one',
        EnableTerminationProtection: false,
      }),
    );
    await client.send(new DeleteStackCommand({ StackName: 'one' }));
    await cloud.settle();
    expect((await client.send(new ListStacksCommand({}))).StackSummaries?.[0]?.StackStatus).toBe(
      'DELETE_COMPLETE',
    );
  });
});

describe('exports', () => {
  const importer = text({
    Resources: { A: HANDLE },
    Outputs: { Seen: { Value: { 'Fn::ImportValue': { 'Fn::Sub': 'the-${AWS::Region}' } } } },
  });
  const exporter = (value: string): string =>
    text({
      Resources: { A: HANDLE },
      Outputs: { O: { Value: value, Export: { Name: { 'Fn::Sub': 'the-${AWS::Region}' } } } },
    });

  it('are listed, imported, unique and kept while in use', async () => {
    const id = await create('exporter', exporter('v1'));
    await create('importer', importer);
    expect((await stackOf('importer'))?.Outputs?.[0]?.OutputValue).toBe('v1');
    expect((await client.send(new ListExportsCommand({}))).Exports).toEqual([
      { ExportingStackId: id, Name: 'the-us-east-1', Value: 'v1' },
    ]);
    expect(
      (await client.send(new ListImportsCommand({ ExportName: 'the-us-east-1' }))).Imports,
    ).toEqual(['importer']);
    await create('second', exporter('v2'));
    expect(await stackOf('second')).toMatchObject({ StackStatus: 'ROLLBACK_COMPLETE' });
    await client.send(
      new UpdateStackCommand({ StackName: 'exporter', TemplateBody: exporter('v2') }),
    );
    await cloud.settle();
    expect(await stackOf('exporter')).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' });
    await client.send(new DeleteStackCommand({ StackName: 'exporter' }));
    await cloud.settle();
    expect(await stackOf('exporter')).toMatchObject({
      StackStatus: 'DELETE_FAILED',
      StackStatusReason: 'Export the-us-east-1 cannot be deleted as it is in use by importer',
    });
    await client.send(new DeleteStackCommand({ StackName: 'importer' }));
    await cloud.settle();
    expect(
      await failure(client.send(new ListImportsCommand({ ExportName: 'the-us-east-1' }))),
    ).toMatchObject({
      message: "Export 'the-us-east-1' is not imported by any stack.",
    });
    await client.send(new DeleteStackCommand({ StackName: 'exporter' }));
    await cloud.settle();
    expect((await client.send(new ListExportsCommand({}))).Exports).toEqual([]);
  });
});

describe('change sets', () => {
  const change = (name: string, body: string, type?: 'CREATE' | 'UPDATE') =>
    client.send(
      new CreateChangeSetCommand({
        StackName: 'cs',
        ChangeSetName: name,
        TemplateBody: body,
        ...(type === undefined ? {} : { ChangeSetType: type }),
      }),
    );

  it('create a stack under review, then change it, as `aws cloudformation deploy` does', async () => {
    await change('first', ONE, 'CREATE');
    expect(await stackOf('cs')).toMatchObject({ StackStatus: 'REVIEW_IN_PROGRESS' });
    const described = await client.send(
      new DescribeChangeSetCommand({ StackName: 'cs', ChangeSetName: 'first' }),
    );
    expect(described).toMatchObject({ Status: 'CREATE_COMPLETE', ExecutionStatus: 'AVAILABLE' });
    expect(
      described.Changes?.map((c) => [
        c.ResourceChange?.Action,
        c.ResourceChange?.LogicalResourceId,
      ]),
    ).toEqual([['Add', 'A']]);
    await client.send(new ExecuteChangeSetCommand({ StackName: 'cs', ChangeSetName: 'first' }));
    await cloud.settle();
    expect(await stackOf('cs')).toMatchObject({
      StackStatus: 'CREATE_COMPLETE',
      ChangeSetId: described.ChangeSetId,
    });
    await change('same', ONE);
    expect(
      await client.send(new DescribeChangeSetCommand({ StackName: 'cs', ChangeSetName: 'same' })),
    ).toMatchObject({
      Status: 'FAILED',
      ExecutionStatus: 'UNAVAILABLE',
      StatusReason:
        "The submitted information didn't contain changes. Submit different information to create a change set.",
    });
    await change('next', text({ Resources: { B: HANDLE } }));
    const next = await client.send(
      new DescribeChangeSetCommand({ StackName: 'cs', ChangeSetName: 'next' }),
    );
    expect(
      next.Changes?.map((c) => [c.ResourceChange?.Action, c.ResourceChange?.PolicyAction]),
    ).toEqual([
      ['Add', undefined],
      ['Remove', 'Delete'],
    ]);
    await client.send(new ExecuteChangeSetCommand({ ChangeSetName: next.ChangeSetId }));
    await cloud.settle();
    const { Summaries } = await client.send(new ListChangeSetsCommand({ StackName: 'cs' }));
    expect(Summaries?.map((s) => [s.ChangeSetName, s.ExecutionStatus])).toEqual([
      ['next', 'EXECUTE_COMPLETE'],
    ]);
    const { StackResourceSummaries } = await client.send(
      new ListStackResourcesCommand({ StackName: 'cs' }),
    );
    expect(StackResourceSummaries?.map((r) => r.LogicalResourceId)).toEqual(['B']);
  });

  it('answer as AWS when they cannot be', async () => {
    expect(await failure(change('x', ONE))).toMatchObject({ message: 'Stack [cs] does not exist' });
    await change('x', ONE, 'CREATE');
    expect(await failure(change('x', ONE, 'CREATE'))).toMatchObject({
      name: 'AlreadyExistsException',
    });
    const missing = new DescribeChangeSetCommand({ StackName: 'cs', ChangeSetName: 'nope' });
    expect(await failure(client.send(missing))).toEqual({
      name: 'ChangeSetNotFoundException',
      message: 'ChangeSet [nope] does not exist',
    });
  });
});

describe('templates', () => {
  it('are summarised and validated', async () => {
    const summary = await client.send(new GetTemplateSummaryCommand({ TemplateBody: ONE }));
    expect(summary).toMatchObject({
      ResourceTypes: ['AWS::CloudFormation::WaitConditionHandle'],
      Parameters: [
        { ParameterKey: 'Stage', ParameterType: 'String', DefaultValue: 'dev', NoEcho: false },
        { ParameterKey: 'Secret', NoEcho: true },
      ],
    });
    const validated = await client.send(new ValidateTemplateCommand({ TemplateBody: ONE }));
    expect(validated).toMatchObject({ Description: 'one handle', Capabilities: [] });
  });
});

describe('refusals', () => {
  it.each([
    ['no template', {}, 'ValidationError', 'Either Template URL or Template Body must be specified.'],
    ['a broken template', { TemplateBody: '{' }, 'ValidationError',
      'Template format error: JSON not well-formed. (line 1, column 2)'],
    ['an unknown type', { TemplateBody: text({ Resources: { A: { Type: 'AWS::No::Such' } } }) }, 'ValidationError',
      'Template format error: Unrecognized resource types: [AWS::No::Such]'],
    ['an unknown parameter', { TemplateBody: ONE, Parameters: [{ ParameterKey: 'X', ParameterValue: '1' }] },
      'ValidationError', 'Parameters: [X] do not exist in the template'],
    ['a transform without leave', {
      TemplateBody: text({ Transform: 'AWS::LanguageExtensions', Resources: { A: HANDLE } }) },
      'InsufficientCapabilitiesException', 'Requires capabilities : [CAPABILITY_AUTO_EXPAND]'],
    ['a bad name', { StackName: 'a_b', TemplateBody: ONE }, 'ValidationError',
      "1 validation error detected: Value 'a_b' at 'stackName' failed to satisfy constraint: " +
      'Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*'],
    ['a tag of AWS', { TemplateBody: ONE, Tags: [{ Key: 'aws:x', Value: '1' }] }, 'ValidationError',
      'aws: prefixed tag key names are not allowed for external use.'],
  ])('%s', async (_, input, name, message) => {
    const sent = client.send(new CreateStackCommand({ StackName: 'refused', ...input }));
    expect(await failure(sent)).toEqual({ name, message });
    expect((await client.send(new ListStacksCommand({}))).StackSummaries).toEqual([]);
  }); // prettier-ignore

  it('a second stack of the name, and what is not there', async () => {
    await create('one', ONE);
    expect(
      await failure(client.send(new CreateStackCommand({ StackName: 'one', TemplateBody: ONE }))),
    ).toEqual({
      name: 'AlreadyExistsException',
      message: 'Stack [one] already exists',
    });
    expect(
      await failure(client.send(new UpdateStackCommand({ StackName: 'no', TemplateBody: ONE }))),
    ).toMatchObject({
      message: 'Stack [no] does not exist',
    });
    expect(
      await failure(
        client.send(new DescribeStackResourceCommand({ StackName: 'one', LogicalResourceId: 'Z' })),
      ),
    ).toMatchObject({ message: 'Resource Z does not exist for stack one' });
    await client.send(new DeleteStackCommand({ StackName: 'never-was' }));
  });
});
