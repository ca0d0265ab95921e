// IP address ranges in CIDR notation, versions 4 and 6.
import { PatternError } from './pattern-error.ts';

/**
 * Compiles `10.0.0.0/24` or `2001:db8::/32` to a test of addresses. A bare address is itself
 * alone.
 */
export function compileAddressRange(text: string): (address: string) => boolean {
  const [network = '', length, ...rest] = text.split('/');
  const base = parseAddress(network);
  if (base === undefined || rest.length > 0) throw new PatternError(`Malformed CIDR: ${text}`);
  const prefixBits = length === undefined ? base.bits : Number(length);
  const isLength = length === undefined || /^\d{1,3}$/.test(length);
  if (!isLength || prefixBits > base.bits) throw new PatternError(`Malformed CIDR: ${text}`);
  const shift = BigInt(base.bits - prefixBits);
  return (address) => {
    const parsed = parseAddress(address);
    return parsed?.bits === base.bits && parsed.value >> shift === base.value >> shift;
  };
}

interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseVersion6(text) : parseVersion4(text);
}

function parseVersion4(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return { bits: 32, value: parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n) };
}

function parseVersion6(text: string): Address | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<string>(halves.length === 2 ? missing : 0).fill('0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return {
    bits: 128,
    value: groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n),
  };
}
