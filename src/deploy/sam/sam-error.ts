// What is wrong with a serverless template, in the words of AWS's translator.
import { compareCodePoints } from './logical-id.ts';

/** One mistake; the transform goes on with the next resource and reports all of them. */
export class SamProblem extends Error {
  override readonly name = 'SamProblem';
  readonly kind: 'resource' | 'event' | 'template';
  /** The sentence alone, without the words that name the resource or event. */
  readonly detail: string;

  constructor(kind: 'resource' | 'event' | 'template', message: string, detail: string) {
    super(message);
    this.kind = kind;
    this.detail = detail;
  }
}

export function resourceProblem(logicalId: unknown, detail: string): SamProblem {
  return new SamProblem(
    'resource',
    `Resource with id [${String(logicalId)}] is invalid. ${detail}`,
    detail,
  );
}

export function eventProblem(eventId: string, detail: string): SamProblem {
  return new SamProblem('event', `Event with id [${eventId}] is invalid. ${detail}`, detail);
}

export function templateProblem(detail: string): SamProblem {
  return new SamProblem('template', `Structure of the SAM template is invalid. ${detail}`, detail);
}

/** The document cannot be transformed. */
export class SamError extends Error {
  override readonly name = 'SamError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const all = [...new Set(problems)].toSorted((a, b) =>
      compareCodePoints(sortKey(a), sortKey(b)),
    );
    super(
      'Invalid Serverless Application Specification document. ' +
        `Number of errors found: ${all.length}. ${all.join(' ')}`,
    );
    this.problems = all;
  }
}

/** The id that a message names; those of one id stay in the order they were found. */
function sortKey(message: string): string {
  return /\[([^\]]*)\]/.exec(message)?.[1] ?? '';
}

/** A mistake that ends the transform at once. */
export function documentError(detail: string): SamError {
  return new SamError([templateProblem(detail).message]);
}
