// Methods and method responses.
import type { RequestContext } from '../../../kernel/context.ts';
import type { InputOf, OutputOf } from '../../../models/operations.ts';
import { badRequest, conflict, notFound } from '../errors.ts';
import { changeMethod, readMethodAt, requireMethod } from '../find-method.ts';
import { readMethod } from '../method-input.ts';
import { type PatchRule, applyPatch, changeEntry, toBoolean } from '../patch.ts';
import { presentMethod, presentMethodResponse } from '../present.ts';
import type { MethodRecord, MethodResponseRecord } from '../store.ts';

export async function putMethod(
  input: InputOf<'apigateway', 'PutMethod'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetMethod'>> {
  if (!/^(GET|PUT|POST|DELETE|PATCH|HEAD|OPTIONS|ANY)$/.test(input.httpMethod ?? '')) {
    throw badRequest('Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY');
  }
  const made = readMethod(input);
  await changeMethod(input, context, (previous) => {
    if (previous !== undefined) throw conflict('Method already exists for this resource');
    return made;
  });
  return presentMethod(input.httpMethod ?? '', made, input.resourceId ?? '');
}

export async function getMethod(
  input: InputOf<'apigateway', 'GetMethod'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetMethod'>> {
  const method = await readMethodAt(input, context);
  return presentMethod(input.httpMethod ?? '', method, input.resourceId ?? '');
}

export async function deleteMethod(
  input: InputOf<'apigateway', 'DeleteMethod'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'DeleteMethod'>> {
  await changeMethod(input, context, (previous) => {
    requireMethod(previous);
    return undefined;
  });
  return {};
}

const METHOD_PATCHES: readonly PatchRule<MethodRecord>[] = [
  {
    path: '/authorizationType',
    ops: ['replace'],
    apply: (m, { value }) => ({ ...m, authorizationType: readMethod({ authorizationType: value }).authorizationType }),
  },
  {
    path: '/apiKeyRequired',
    ops: ['replace'],
    apply: (m, { value }) => {
      readMethod({ apiKeyRequired: toBoolean(value) });
      return m;
    },
  },
  { path: '/operationName', ops: ['replace'], apply: (m, { value }) => ({ ...m, operationName: value }) },
  {
    path: '/requestParameters/*',
    ops: ['add', 'remove', 'replace'],
    apply: (m, patch) => ({ ...m, requestParameters: changeEntry(m.requestParameters, patch, toBoolean) }),
  },
  {
    path: '/requestModels/*',
    ops: ['add', 'remove', 'replace'],
    apply: (m, patch) => ({ ...m, requestModels: changeEntry(m.requestModels, patch, String) }),
  },
];

export async function updateMethod(
  input: InputOf<'apigateway', 'UpdateMethod'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetMethod'>> {
  const changed = await changeMethod(input, context, (previous) =>
    applyPatch(requireMethod(previous), input.patchOperations, METHOD_PATCHES),
  );
  return presentMethod(input.httpMethod ?? '', requireMethod(changed), input.resourceId ?? '');
}

export async function putMethodResponse(
  input: InputOf<'apigateway', 'PutMethodResponse'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetMethodResponse'>> {
  const statusCode = input.statusCode ?? '';
  const response = {
    responseParameters: { ...input.responseParameters },
    responseModels: { ...input.responseModels },
  };
  await changeMethod(input, context, (previous) => {
    const method = requireMethod(previous);
    if (statusCode in method.responses) throw conflict('Response already exists for this resource');
    return { ...method, responses: { ...method.responses, [statusCode]: response } };
  });
  return presentMethodResponse(statusCode, response);
}

export async function getMethodResponse(
  input: InputOf<'apigateway', 'GetMethodResponse'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetMethodResponse'>> {
  const statusCode = input.statusCode ?? '';
  const response = requireResponse(await readMethodAt(input, context), statusCode);
  return presentMethodResponse(statusCode, response);
}

export async function deleteMethodResponse(
  input: InputOf<'apigateway', 'DeleteMethodResponse'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'DeleteMethodResponse'>> {
  const statusCode = input.statusCode ?? '';
  await changeMethod(input, context, (previous) => {
    const method = requireMethod(previous);
    const { [statusCode]: gone, ...responses } = method.responses;
    if (gone === undefined) throw notFound('Invalid Response status code specified');
    return { ...method, responses };
  });
  return {};
}

const RESPONSE_PATCHES: readonly PatchRule<MethodResponseRecord>[] = [
  {
    path: '/responseParameters/*',
    ops: ['add', 'remove', 'replace'],
    apply: (r, patch) => ({ ...r, responseParameters: changeEntry(r.responseParameters, patch, toBoolean) }),
  },
  {
    path: '/responseModels/*',
    ops: ['add', 'remove', 'replace'],
    apply: (r, patch) => ({ ...r, responseModels: changeEntry(r.responseModels, patch, String) }),
  },
];

export async function updateMethodResponse(
  input: InputOf<'apigateway', 'UpdateMethodResponse'>,
  context: RequestContext,
): Promise<OutputOf<'apigateway', 'GetMethodResponse'>> {
  const statusCode = input.statusCode ?? '';
  const changed = await changeMethod(input, context, (previous) => {
    const method = requireMethod(previous);
    const response = applyPatch(requireResponse(method, statusCode), input.patchOperations, RESPONSE_PATCHES);
    return { ...method, responses: { ...method.responses, [statusCode]: response } };
  });
  return presentMethodResponse(statusCode, requireResponse(requireMethod(changed), statusCode));
}

function requireResponse({ responses }: MethodRecord, statusCode: string): MethodResponseRecord {
  const response = responses[statusCode];
  if (response === undefined) throw notFound('Invalid Response status code specified');
  return response;
}
