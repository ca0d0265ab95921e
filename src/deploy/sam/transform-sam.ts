// The SAM transform: a serverless template becomes plain CloudFormation. Pure.
import type { PlainObject } from '../parse-template.ts';

export interface SamRequest {
  readonly parameters: PlainObject;
  readonly region: string;
  readonly partition: string;
}

export class SamError extends Error {
  override readonly name = 'SamError';
}

export function transformSam(template: PlainObject, request: SamRequest): { template: PlainObject } {
  throw new SamError(`not there yet ${Object.keys(template).length} ${request.region}`);
}
