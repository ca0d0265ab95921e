// What the writer of the kill test and its checker agree on.

export const ACCOUNTS = 20;
export const OPENING_BALANCE = 1000;

export interface Transfer {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly amount: number;
}

export interface StoredObject {
  readonly id: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

export function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

export function decode(bytes: Uint8Array | undefined): unknown {
  if (bytes === undefined) throw new Error('the record is missing');
  return JSON.parse(Buffer.from(bytes).toString());
}
