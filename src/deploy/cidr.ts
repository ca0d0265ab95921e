// Fn::Cidr: cuts an address block into equal smaller ones.
import { TemplateError } from '../kernel/templates.ts';

export interface CidrRequest {
  /** e.g. `10.0.0.0/16` or `2001:db8::/56` */
  readonly block: string;
  /** Blocks wanted, 1..256. */
  readonly count: number;
  /** Host bits of each: 8 makes `/24` (IPv4). */
  readonly hostBits: number;
}

/** The first `count` sub-blocks, in order. Throws TemplateError when they do not fit. */
export function cutCidr({ block, count, hostBits }: CidrRequest): string[] {
  const [address = '', prefixText = ''] = block.split('/');
  const isV6 = address.includes(':');
  const width = isV6 ? 128 : 32;
  const prefix = Number(prefixText);
  const base = isV6 ? parseV6(address) : parseV4(address);
  if (base === undefined || prefixText === '' || !(prefix >= 0 && prefix <= width)) {
    throw new TemplateError(`Template error: Fn::Cidr: ${block} is not a valid CIDR block`);
  }
  const size = 1n << BigInt(hostBits);
  const available = 1n << BigInt(Math.max(width - prefix, 0));
  if (!(count >= 1 && count <= 256) || BigInt(count) * size > available) {
    throw new TemplateError(
      `Template error: Fn::Cidr: cannot cut ${count} blocks of ${hostBits} bits out of ${block}`,
    );
  }
  const start = (base / available) * available;
  return Array.from({ length: count }, (_, i) => {
    const at = start + BigInt(i) * size;
    return `${isV6 ? formatV6(at) : formatV4(at)}/${width - hostBits}`;
  });
}

function parseV4(text: string): bigint | undefined {
  const bytes = text.split('.').map(Number);
  if (bytes.length !== 4 || !bytes.every((b) => Number.isInteger(b) && b >= 0 && b <= 255))
    return undefined;
  return bytes.reduce((sum, b) => sum * 256n + BigInt(b), 0n);
}

function formatV4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
}

function parseV6(text: string): bigint | undefined {
  const [head = '', tail] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array.from({ length: Math.max(gap, 0) }, () => '0'), ...right];
  if (groups.length !== 8 || !groups.every((g) => /^[0-9a-f]{1,4}$/i.test(g))) return undefined;
  return groups.reduce((sum, g) => sum * 65536n + BigInt(Number.parseInt(g, 16)), 0n);
}

// The longest run of zero groups is written `::` (RFC 5952).
function formatV6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((value >> BigInt(112 - 16 * i)) & 65535n).toString(16),
  );
  const joined = groups.join(':');
  let longest = { start: 0, text: '' };
  for (const match of joined.matchAll(/(?<=^|:)0(?::0)+(?=:|$)/g)) {
    if (match[0].length > longest.text.length) longest = { start: match.index, text: match[0] };
  }
  if (longest.text === '') return joined;
  const head = joined.slice(0, longest.start).replace(/:$/, '');
  return `${head}::${joined.slice(longest.start + longest.text.length).replace(/^:/, '')}`;
}
