// Sample events of Cognito user pools: the triggers of sign-up, sign-in, tokens and messages.
import type {
  CreateAuthChallengeTriggerEvent,
  CustomMessageTriggerEvent,
  DefineAuthChallengeTriggerEvent,
  PostAuthenticationTriggerEvent,
  PostConfirmationTriggerEvent,
  PreAuthenticationTriggerEvent,
  PreSignUpTriggerEvent,
  PreTokenGenerationTriggerEvent,
  PreTokenGenerationV2TriggerEvent,
  UserMigrationTriggerEvent,
  VerifyAuthChallengeResponseTriggerEvent,
} from 'aws-lambda';
import { defineSample, sampleUuid } from './sample-event.ts';

const UNKNOWN_USER = {
  region: { about: 'region', default: 'us-east-1' },
  pool: { about: 'id of the user pool', default: 'us-east-1_ExaMPle1' },
  client: { about: 'id of the app client', default: '1example23456789' },
  user: { about: 'user name', default: 'mytestuser' },
} as const;

const POOL = {
  ...UNKNOWN_USER,
  email: { about: 'e-mail address of the user', default: 'mytestuser@example.com' },
} as const;

interface PoolValues {
  readonly region: string;
  readonly pool: string;
  readonly client: string;
  readonly user: string;
}

/** AWS: "Trigger event common parameters". <Cognito developer guide, "Customizing user pool workflows"> */
function common<T extends string>({ region, pool, client, user }: PoolValues, triggerSource: T) {
  return {
    version: '1',
    region,
    userPoolId: pool,
    userName: user,
    callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: client },
    triggerSource,
  };
}

function attributes({ email }: { readonly email: string }): Record<string, string> {
  return {
    sub: sampleUuid(1),
    email_verified: 'true',
    'cognito:user_status': 'CONFIRMED',
    email,
  };
}

/** One of the sources a trigger may have, as AWS names them. */
function sourceOf<T extends string>(known: readonly [T, ...T[]], chosen: string): T {
  return known.find((source) => source === chosen) ?? known[0];
}

function sources<const T extends readonly [string, ...string[]]>(known: T) {
  return { about: 'what triggered it', default: known[0], choices: known } as const;
}

const SIGN_UPS = ['PreSignUp_SignUp', 'PreSignUp_AdminCreateUser', 'PreSignUp_ExternalProvider'] as const;
const CONFIRMATIONS = ['PostConfirmation_ConfirmSignUp', 'PostConfirmation_ConfirmForgotPassword'] as const;
const GENERATIONS = [
  'TokenGeneration_Authentication',
  'TokenGeneration_HostedAuth',
  'TokenGeneration_NewPasswordChallenge',
  'TokenGeneration_AuthenticateDevice',
  'TokenGeneration_RefreshTokens',
] as const;
const MESSAGES = [
  'CustomMessage_SignUp',
  'CustomMessage_AdminCreateUser',
  'CustomMessage_ResendCode',
  'CustomMessage_ForgotPassword',
  'CustomMessage_UpdateUserAttribute',
  'CustomMessage_VerifyUserAttribute',
  'CustomMessage_Authentication',
] as const;
const MIGRATIONS = ['UserMigration_Authentication', 'UserMigration_ForgotPassword'] as const;

const preSignUp = defineSample({
  service: 'cognito',
  name: 'pre-signup',
  about: 'somebody signs up; the trigger may refuse or confirm',
  fields: { ...POOL, source: sources(SIGN_UPS) },
  make: (values): PreSignUpTriggerEvent => ({
    ...common(values, sourceOf(SIGN_UPS, values.source)),
    request: { userAttributes: { email: values.email }, validationData: {} },
    response: { autoConfirmUser: false, autoVerifyEmail: false, autoVerifyPhone: false },
  }),
});

const postConfirmation = defineSample({
  service: 'cognito',
  name: 'post-confirmation',
  about: 'a user confirmed the account or a new password',
  fields: { ...POOL, source: sources(CONFIRMATIONS) },
  make: (values): PostConfirmationTriggerEvent => ({
    ...common(values, sourceOf(CONFIRMATIONS, values.source)),
    request: { userAttributes: attributes(values) },
    response: {},
  }),
});

const preAuthentication = defineSample({
  service: 'cognito',
  name: 'pre-authentication',
  about: 'a user is about to sign in; the trigger may refuse',
  fields: POOL,
  make: (values): PreAuthenticationTriggerEvent => ({
    ...common(values, 'PreAuthentication_Authentication'),
    request: { userAttributes: attributes(values), validationData: {}, userNotFound: false },
    response: {},
  }),
});

const postAuthentication = defineSample({
  service: 'cognito',
  name: 'post-authentication',
  about: 'a user signed in',
  fields: POOL,
  make: (values): PostAuthenticationTriggerEvent => ({
    ...common(values, 'PostAuthentication_Authentication'),
    request: { userAttributes: attributes(values), newDeviceUsed: true },
    response: {},
  }),
});

const GROUPS = { groups: { about: 'groups of the user, separated by commas', default: '' } } as const;

function groupConfiguration(groups: string) {
  return {
    groupsToOverride: groups === '' ? [] : groups.split(','),
    iamRolesToOverride: [],
    preferredRole: '',
  };
}

const preTokenGeneration = defineSample({
  service: 'cognito',
  name: 'pre-token-generation',
  about: 'tokens are about to be made (event version 1: the identity token)',
  fields: { ...POOL, ...GROUPS, source: sources(GENERATIONS) },
  make: (values): PreTokenGenerationTriggerEvent => ({
    ...common(values, sourceOf(GENERATIONS, values.source)),
    request: {
      userAttributes: attributes(values),
      groupConfiguration: groupConfiguration(values.groups),
    },
    response: { claimsOverrideDetails: {} },
  }),
});

const preTokenGenerationV2 = defineSample({
  service: 'cognito',
  name: 'pre-token-generation-v2',
  about: 'tokens are about to be made (event version 2: access tokens and scopes too)',
  fields: {
    ...POOL,
    ...GROUPS,
    source: sources(GENERATIONS),
    scopes: { about: 'scopes asked for, separated by commas', default: 'aws.cognito.signin.user.admin' },
  },
  make: (values): PreTokenGenerationV2TriggerEvent => ({
    ...common(values, sourceOf(GENERATIONS, values.source)),
    version: '2',
    request: {
      userAttributes: attributes(values),
      groupConfiguration: groupConfiguration(values.groups),
      scopes: values.scopes.split(','),
    },
    response: { claimsAndScopeOverrideDetails: {} },
  }),
});

const customMessage = defineSample({
  service: 'cognito',
  name: 'custom-message',
  about: 'a message is about to be sent; the trigger may rewrite it',
  fields: { ...POOL, source: sources(MESSAGES) },
  make: (values): CustomMessageTriggerEvent => ({
    ...common(values, sourceOf(MESSAGES, values.source)),
    request: {
      userAttributes: attributes(values),
      codeParameter: '{####}',
      linkParameter: '{##Click Here##}',
      usernameParameter: values.source === 'CustomMessage_AdminCreateUser' ? '{username}' : null,
    },
    response: { smsMessage: null, emailMessage: null, emailSubject: null },
  }),
});

const userMigration = defineSample({
  service: 'cognito',
  name: 'user-migration',
  about: 'somebody unknown signs in or wants a new password; the trigger may bring the user over',
  fields: {
    ...UNKNOWN_USER,
    source: sources(MIGRATIONS),
    password: { about: 'the password that was entered', default: 'Test123!' },
  },
  make: (values): UserMigrationTriggerEvent => ({
    ...common(values, sourceOf(MIGRATIONS, values.source)),
    request: { password: values.password, validationData: {}, clientMetadata: {} },
    response: { userAttributes: {}, desiredDeliveryMediums: [] },
  }),
});

const defineAuthChallenge = defineSample({
  service: 'cognito',
  name: 'define-auth-challenge',
  about: 'custom sign-in: which challenge comes next',
  fields: POOL,
  make: (values): DefineAuthChallengeTriggerEvent => ({
    ...common(values, 'DefineAuthChallenge_Authentication'),
    request: {
      userAttributes: attributes(values),
      session: [{ challengeName: 'SRP_A', challengeResult: true }],
      userNotFound: false,
    },
    response: { failAuthentication: false, issueTokens: false },
  }),
});

const createAuthChallenge = defineSample({
  service: 'cognito',
  name: 'create-auth-challenge',
  about: 'custom sign-in: the challenge itself',
  fields: POOL,
  make: (values): CreateAuthChallengeTriggerEvent => ({
    ...common(values, 'CreateAuthChallenge_Authentication'),
    request: {
      userAttributes: attributes(values),
      challengeName: 'CUSTOM_CHALLENGE',
      session: [{ challengeName: 'PASSWORD_VERIFIER', challengeResult: true }],
      userNotFound: false,
    },
    response: { publicChallengeParameters: {}, privateChallengeParameters: {}, challengeMetadata: '' },
  }),
});

const verifyAuthChallenge = defineSample({
  service: 'cognito',
  name: 'verify-auth-challenge',
  about: 'custom sign-in: whether the answer is right',
  fields: { ...POOL, answer: { about: "the user's answer", default: '123456' } },
  make: (values): VerifyAuthChallengeResponseTriggerEvent => ({
    ...common(values, 'VerifyAuthChallengeResponse_Authentication'),
    request: {
      userAttributes: attributes(values),
      privateChallengeParameters: { answer: '123456' },
      challengeAnswer: values.answer,
      userNotFound: false,
    },
    response: { answerCorrect: false },
  }),
});

export const COGNITO_EVENTS = [
  preSignUp,
  postConfirmation,
  preAuthentication,
  postAuthentication,
  preTokenGeneration,
  preTokenGenerationV2,
  customMessage,
  userMigration,
  defineAuthChallenge,
  createAuthChallenge,
  verifyAuthChallenge,
];
