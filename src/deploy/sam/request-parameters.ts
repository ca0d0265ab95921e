// RequestParameters of an Api event.
import { eventProblem } from './sam-error.ts';
import type { RequestParameter } from './swagger.ts';
import { isMap } from './values.ts';

const NAME = /^method\.request\.(querystring|path|header)\./;

/** Each a name, or a map of one name to its settings. Throws SamProblem. */
export function readRequestParameters(eventId: string, given: unknown): RequestParameter[] {
  const refuse = (detail: string): never => {
    throw eventProblem(eventId, `Invalid value for 'RequestParameters' property. ${detail}`);
  };
  const checkName = (name: string): void => {
    if (NAME.test(name)) return;
    refuse(
      "Keys must be in the format 'method.request.[querystring|path|header].{value}', " +
        "e.g 'method.request.header.Authorization'.",
    );
  };
  const list: unknown[] = Array.isArray(given) ? given : [];
  return list.map((parameter) => {
    if (typeof parameter === 'string') {
      checkName(parameter);
      return { name: parameter, required: false, caching: false };
    }
    if (!isMap(parameter)) return refuse('Property must be either a string or an object');
    const [name = '', settings] = Object.entries(parameter)[0] ?? [];
    checkName(name);
    if (
      !isMap(settings) ||
      Object.keys(settings).some((key) => key !== 'Required' && key !== 'Caching')
    ) {
      return refuse('Values must be an object, e.g { Required: true, Caching: false }');
    }
    return { name, required: settings['Required'] ?? false, caching: settings['Caching'] ?? false };
  });
}
