// Page tokens of the list operations: where the page before ended, opaque to callers.
import { invalidParameter } from '../errors.ts';

export function readToken(token: string | undefined): string | undefined {
  if (token === undefined || token === '') return undefined;
  const text = Buffer.from(token, 'base64url').toString('utf8');
  if (text === '' || Buffer.from(text).toString('base64url') !== token) {
    throw invalidParameter('NextToken Reason: Unable to deserialize token');
  }
  return text;
}

export function writeToken(last: string | undefined): { NextToken?: string } {
  return last === undefined ? {} : { NextToken: Buffer.from(last).toString('base64url') };
}
