// Trust policies: principals, actions and conditions, by the rules of AWS's policy evaluation logic.
import { describe, expect, test } from 'vitest';
import type { TrustedCaller } from './trust-policy.ts';
import { isTrusted } from './trust-policy.ts';

const ACCOUNT = '111122223333';
const USER: TrustedCaller = { account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:user/ann` };
const SESSION: TrustedCaller = {
  account: ACCOUNT,
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/app/s1`,
  roleArn: `arn:aws:iam::${ACCOUNT}:role/app`,
};
const LAMBDA: TrustedCaller = { account: ACCOUNT, service: 'lambda.amazonaws.com' };

function ask(
  statement: object | readonly object[],
  caller: TrustedCaller,
  context: Readonly<Record<string, readonly string[]>> = {},
): boolean {
  const document = JSON.stringify({ Version: '2012-10-17', Statement: statement });
  return isTrusted(document, {
    caller,
    action: 'sts:AssumeRole',
    context: new Map(Object.entries(context)),
  });
}

function allow(Principal: unknown, Condition?: object): object {
  return {
    Effect: 'Allow',
    Action: 'sts:AssumeRole',
    Principal,
    ...(Condition === undefined ? {} : { Condition }),
  };
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
describe('principals', () => {
  test.each<[string, unknown, TrustedCaller, boolean]>([
    ['everyone', '*', USER, true],
    ['everyone of AWS', { AWS: '*' }, SESSION, true],
    ['an account by number', { AWS: ACCOUNT }, USER, true],
    ['an account by root ARN', { AWS: `arn:aws:iam::${ACCOUNT}:root` }, SESSION, true],
    ['another account', { AWS: '999999999999' }, USER, false],
    ['the user', { AWS: USER.arn }, USER, true],
    ['another user', { AWS: `arn:aws:iam::${ACCOUNT}:user/bob` }, USER, false],
    ['the role of a session', { AWS: SESSION.roleArn }, SESSION, true],
    ['the session itself', { AWS: SESSION.arn }, SESSION, true],
    ['one of a list', { AWS: ['999999999999', USER.arn] }, USER, true],
    ['the service', { Service: 'lambda.amazonaws.com' }, LAMBDA, true],
    [
      'one of several services',
      { Service: ['edgelambda.amazonaws.com', 'lambda.amazonaws.com'] },
      LAMBDA,
      true,
    ],
    ['another service', { Service: 'ec2.amazonaws.com' }, LAMBDA, false],
    ['an account for a service', { AWS: ACCOUNT }, LAMBDA, false],
    ['a service for a user', { Service: 'lambda.amazonaws.com' }, USER, false],
  ])('%s', (_title, principal, caller, expected) => {
    expect(ask(allow(principal), caller)).toBe(expected);
  });

  test('an explicit denial wins', () => {
    const deny = { Effect: 'Deny', Action: 'sts:*', Principal: { AWS: USER.arn } };
    expect(ask([allow('*'), deny], USER)).toBe(false);
    expect(ask([allow('*'), deny], SESSION)).toBe(true);
  });

  test('other actions do not count', () => {
    expect(ask({ Effect: 'Allow', Action: 'sts:TagSession', Principal: '*' }, USER)).toBe(false);
    expect(ask({ Effect: 'Allow', Action: ['sts:Assume*'], Principal: '*' }, USER)).toBe(true);
  });
});

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
describe('conditions', () => {
  const id = { 'sts:externalid': ['shop-42'] };
  test.each<[string, object, Readonly<Record<string, readonly string[]>>, boolean]>([
    ['equal', { StringEquals: { 'sts:ExternalId': 'shop-42' } }, id, true],
    ['not equal', { StringEquals: { 'sts:ExternalId': 'shop-43' } }, id, false],
    ['one of several', { StringEquals: { 'sts:ExternalId': ['a', 'shop-42'] } }, id, true],
    ['absent', { StringEquals: { 'sts:ExternalId': 'shop-42' } }, {}, false],
    ['absent, if it exists', { StringEqualsIfExists: { 'sts:ExternalId': 'x' } }, {}, true],
    ['case', { StringEqualsIgnoreCase: { 'sts:ExternalId': 'SHOP-42' } }, id, true],
    ['wildcard', { StringLike: { 'sts:ExternalId': 'shop-*' } }, id, true],
    ['wildcard of one', { StringLike: { 'sts:ExternalId': 'shop-4?' } }, id, true],
    ['negated', { StringNotEquals: { 'sts:ExternalId': 'shop-42' } }, id, false],
    ['negated and absent', { StringNotEquals: { 'sts:ExternalId': 'shop-42' } }, {}, true],
    ['unknown, named as what objects have', { toString: { 'sts:ExternalId': 'x' } }, id, false],
    ['null', { Null: { 'sts:ExternalId': 'false' } }, id, true],
    ['null of an absent key', { Null: { 'sts:ExternalId': 'false' } }, {}, false],
    [
      'all of several operators',
      { StringLike: { 'sts:ExternalId': '*' }, Bool: { 'aws:PrincipalIsAWSService': 'true' } },
      { ...id, 'aws:principalisawsservice': ['false'] },
      false,
    ],
    [
      'ForAllValues',
      { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b'] } },
      { 'aws:tagkeys': ['a', 'c'] },
      false,
    ],
    [
      'ForAnyValue',
      { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['a', 'b'] } },
      { 'aws:tagkeys': ['a', 'c'] },
      true,
    ],
    [
      'an operator not known',
      { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
      { 'aws:sourceip': ['10.0.0.1'] },
      false,
    ],
  ])('%s', (_title, condition, context, expected) => {
    expect(ask(allow('*', condition), USER, context)).toBe(expected);
  });

  test('a denial that cannot be decided denies', () => {
    const deny = {
      Effect: 'Deny',
      Action: '*',
      Principal: '*',
      Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
    };
    expect(ask([allow('*'), deny], USER, { 'aws:sourceip': ['10.0.0.1'] })).toBe(false);
  });

  test('a hostile pattern does not stall', () => {
    const condition = { StringLike: { 'sts:ExternalId': `${'*a'.repeat(200)}b` } };
    expect(ask(allow('*', condition), USER, { 'sts:externalid': ['a'.repeat(1224)] })).toBe(false);
  });
});
