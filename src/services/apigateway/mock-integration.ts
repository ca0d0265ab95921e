// The MOCK integration: a canned response, as CORS preflights use it.
import type { HttpResponse } from '../../wire/http.ts';
import { badRequest } from './errors.ts';
import type { IntegrationRecord } from './store.ts';

/** Mapping templates may not use VTL yet; refused when they are stored. */
export function checkTemplates(templates: Readonly<Record<string, string>>): void {
  for (const template of Object.values(templates)) {
    if (/[#$]/.test(template)) {
      throw badRequest(
        'Mapping templates with VTL directives or variables are not supported by Cloudlet yet; static templates are.',
      );
    }
  }
}

/** The response a mock gives, or undefined when its templates lead nowhere (AWS: 500). */
export function answerMock(
  integration: IntegrationRecord,
  contentType: string | undefined,
): HttpResponse | undefined {
  const requestType = contentType?.split(';')[0]?.trim() ?? 'application/json';
  const template =
    integration.requestTemplates[requestType] ?? integration.requestTemplates['application/json'];
  const statusCode = readStatus(template);
  if (statusCode === undefined) return undefined;
  const response =
    Object.values(integration.responses).find(
      ({ selectionPattern }) =>
        selectionPattern !== undefined &&
        selectionPattern !== '' &&
        new RegExp(`^(?:${selectionPattern})$`).test(statusCode),
    ) ??
    Object.values(integration.responses).find(({ selectionPattern }) => (selectionPattern ?? '') === '');
  if (response === undefined) return undefined;
  const status = Number(Object.entries(integration.responses).find(([, r]) => r === response)?.[0]);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  for (const [target, source] of Object.entries(response.responseParameters)) {
    const name = /^method\.response\.header\.(.+)$/.exec(target)?.[1];
    const literal = /^'(.*)'$/s.exec(source)?.[1];
    if (name !== undefined && literal !== undefined) headers[name.toLowerCase()] = literal;
  }
  const body = response.responseTemplates['application/json'] ?? '';
  return { status, headers, body };
}

/** The template is JSON, loosely: AWS accepts unquoted keys (`{statusCode:200}`). */
function readStatus(template: string | undefined): string | undefined {
  return /["']?statusCode["']?\s*:\s*"?(\d{3})"?/.exec(template ?? '')?.[1];
}
