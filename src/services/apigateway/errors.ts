// API Gateway's errors, with AWS's codes and words.
import { ServiceError } from '../../base/errors.ts';

export function notFound(message: string): ServiceError {
  return new ServiceError('NotFoundException', message, { status: 404 });
}

export function apiNotFound(id: string, account: string): ServiceError {
  return notFound(`Invalid API identifier specified ${account}:${id}`);
}

export function badRequest(message: string): ServiceError {
  return new ServiceError('BadRequestException', message, { status: 400 });
}

export function conflict(message: string): ServiceError {
  return new ServiceError('ConflictException', message, { status: 409 });
}

/** A parameter that changes behaviour which is not there yet. */
export function unsupported(what: string): ServiceError {
  return badRequest(`${what} is not supported by Cloudlet yet.`);
}
