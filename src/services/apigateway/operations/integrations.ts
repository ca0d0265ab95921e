// Integrations and integration responses.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { notFound } from '../errors.ts';
import { changeMethod, readMethodAt, requireIntegration, requireMethod } from '../find-method.ts';
import {
  type IntegrationInput,
  checkIntegrationResponse,
  readIntegration,
  refuseContentHandling,
} from '../method-input.ts';
import { type PatchRule, applyPatch, changeEntry } from '../patch.ts';
import { presentIntegration, presentIntegrationResponse } from '../present.ts';
import type { IntegrationRecord, IntegrationResponseRecord } from '../store.ts';

export async function putIntegration(
  input: InputOf<'apigateway', 'PutIntegration'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetIntegration'>> {
  const made = readIntegration(input);
  await changeMethod(input, context, (previous) => ({
    ...requireMethod(previous),
    integration: { ...made, responses: previous?.integration?.responses ?? {} },
  }));
  return presentIntegration(made, input.resourceId ?? '');
}

export async function getIntegration(
  input: InputOf<'apigateway', 'GetIntegration'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetIntegration'>> {
  const integration = requireIntegration(await readMethodAt(input, context));
  return presentIntegration(integration, input.resourceId ?? '');
}

export async function deleteIntegration(
  input: InputOf<'apigateway', 'DeleteIntegration'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'DeleteIntegration'>> {
  await changeMethod(input, context, (previous) => {
    requireIntegration(requireMethod(previous));
    const { integration: _gone, ...method } = requireMethod(previous);
    return method;
  });
  return {};
}

const INTEGRATION_PATCHES: readonly PatchRule<IntegrationInput>[] = [
  { path: '/uri', ops: ['replace'], apply: (i, { value }) => ({ ...i, uri: value }) },
  { path: '/httpMethod', ops: ['replace'], apply: (i, { value }) => ({ ...i, integrationHttpMethod: value }) },
  { path: '/credentials', ops: ['replace'], apply: (i, { value }) => ({ ...i, credentials: value }) },
  {
    path: '/passthroughBehavior',
    ops: ['replace'],
    apply: (i, { value }) => ({ ...i, passthroughBehavior: value }),
  },
  {
    path: '/timeoutInMillis',
    ops: ['replace'],
    apply: (i, { value }) => ({ ...i, timeoutInMillis: Number(value) }),
  },
  { path: '/contentHandling', ops: ['replace'], apply: (i, { value }) => ({ ...i, contentHandling: value }) },
  { path: '/cacheNamespace', ops: ['replace'], apply: (i, { value }) => ({ ...i, cacheNamespace: value }) },
  {
    path: '/requestTemplates/*',
    ops: ['add', 'remove', 'replace'],
    apply: (i, patch) => ({ ...i, requestTemplates: changeEntry(i.requestTemplates ?? {}, patch, String) }),
  },
  {
    path: '/requestParameters/*',
    ops: ['add', 'remove', 'replace'],
    apply: (i, patch) => ({ ...i, requestParameters: changeEntry(i.requestParameters ?? {}, patch, String) }),
  },
];

export async function updateIntegration(
  input: InputOf<'apigateway', 'UpdateIntegration'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetIntegration'>> {
  const changed = await changeMethod(input, context, (previous) => {
    const method = requireMethod(previous);
    const before = requireIntegration(method);
    const given: IntegrationInput = {
      ...before,
      integrationHttpMethod: before.httpMethod,
      timeoutInMillis: before.timeoutMs,
    };
    // Checked as a whole: a patched integration meets the rules of a new one.
    const made = readIntegration(applyPatch(given, input.patchOperations, INTEGRATION_PATCHES));
    return { ...method, integration: { ...made, responses: before.responses } };
  });
  return presentIntegration(requireIntegration(requireMethod(changed)), input.resourceId ?? '');
}

export async function putIntegrationResponse(
  input: InputOf<'apigateway', 'PutIntegrationResponse'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetIntegrationResponse'>> {
  const statusCode = input.statusCode ?? '';
  const response: IntegrationResponseRecord = {
    responseParameters: { ...input.responseParameters },
    responseTemplates: { ...input.responseTemplates },
    ...(input.selectionPattern === undefined ? {} : { selectionPattern: input.selectionPattern }),
  };
  refuseContentHandling(input.contentHandling);
  await changeMethod(input, context, (previous) => {
    const method = requireMethod(previous);
    const integration = requireIntegration(method);
    checkIntegrationResponse(method, statusCode, response);
    const responses = { ...integration.responses, [statusCode]: response };
    return { ...method, integration: { ...integration, responses } };
  });
  return presentIntegrationResponse(statusCode, response);
}

export async function getIntegrationResponse(
  input: InputOf<'apigateway', 'GetIntegrationResponse'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetIntegrationResponse'>> {
  const statusCode = input.statusCode ?? '';
  const response = requireResponse(requireIntegration(await readMethodAt(input, context)), statusCode);
  return presentIntegrationResponse(statusCode, response);
}

export async function deleteIntegrationResponse(
  input: InputOf<'apigateway', 'DeleteIntegrationResponse'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'DeleteIntegrationResponse'>> {
  const statusCode = input.statusCode ?? '';
  await changeMethod(input, context, (previous) => {
    const method = requireMethod(previous);
    const integration = requireIntegration(method);
    const { [statusCode]: gone, ...responses } = integration.responses;
    if (gone === undefined) throw notFound('Invalid Response status code specified');
    return { ...method, integration: { ...integration, responses } };
  });
  return {};
}

const RESPONSE_PATCHES: readonly PatchRule<IntegrationResponseRecord>[] = [
  {
    path: '/selectionPattern',
    ops: ['replace'],
    apply: (r, { value }) => ({ ...r, selectionPattern: value }),
  },
  {
    path: '/responseParameters/*',
    ops: ['add', 'remove', 'replace'],
    apply: (r, patch) => ({ ...r, responseParameters: changeEntry(r.responseParameters, patch, String) }),
  },
  {
    path: '/responseTemplates/*',
    ops: ['add', 'remove', 'replace'],
    apply: (r, patch) => ({ ...r, responseTemplates: changeEntry(r.responseTemplates, patch, String) }),
  },
];

export async function updateIntegrationResponse(
  input: InputOf<'apigateway', 'UpdateIntegrationResponse'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetIntegrationResponse'>> {
  const statusCode = input.statusCode ?? '';
  const changed = await changeMethod(input, context, (previous) => {
    const method = requireMethod(previous);
    const integration = requireIntegration(method);
    const before = requireResponse(integration, statusCode);
    const response = applyPatch(before, input.patchOperations, RESPONSE_PATCHES);
    checkIntegrationResponse(method, statusCode, response);
    const responses = { ...integration.responses, [statusCode]: response };
    return { ...method, integration: { ...integration, responses } };
  });
  const integration = requireIntegration(requireMethod(changed));
  return presentIntegrationResponse(statusCode, requireResponse(integration, statusCode));
}

function requireResponse(
  { responses }: IntegrationRecord,
  statusCode: string,
): IntegrationResponseRecord {
  const response = responses[statusCode];
  if (response === undefined) throw notFound('Invalid Response status code specified');
  return response;
}
