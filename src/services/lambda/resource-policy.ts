// Statements of the resource policies of functions and layer versions, as AWS prints them.
import type { PolicyStatement } from './store.ts';

/** An account number, an ARN, a service, or `*`. */
export function toPrincipal(principal: string): PolicyStatement['Principal'] {
  if (principal === '*') return '*';
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  if (principal.startsWith('arn:')) return { AWS: principal };
  return { Service: principal };
}

export function toDocument(Statement: readonly PolicyStatement[]): Record<string, unknown> {
  return { Version: '2012-10-17', Id: 'default', Statement };
}
