// Answers that a function URL gives itself.
import type { HttpResponse } from '../../../wire/http.ts';

/** AWS spells the member with a capital letter here. */
export function message(status: number, Message: string): HttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ Message }) };
}
