// A small assembler for the filters of seccomp(2): instructions with labels in, a BPF program out.

/** Loads a word of `struct seccomp_data`, compares it, or ends with a verdict. */
export type Instruction =
  /** Byte offset into `struct seccomp_data`. */
  | { readonly load: number }
  /** The accumulator, masked. */
  | { readonly and: number }
  /** Goes to a label when the accumulator equals the value (or is at least it), else goes on. */
  | { readonly equals: number; readonly goTo: string }
  | { readonly atLeast: number; readonly goTo: string }
  | { readonly goTo: string }
  | { readonly verdict: number }
  | { readonly label: string };

/** `struct seccomp_data` of linux/seccomp.h. Words of little-endian machines, which all of ours are. */
export const SECCOMP_DATA = {
  number: 0,
  architecture: 4,
  /** The lower half of an argument; nothing that is filtered looks at the upper one. */
  argument: (index: number): number => 16 + 8 * index,
} as const;

/** linux/seccomp.h */
const RET_ALLOW = 0x7fff_0000;
const RET_ERRNO = 0x0005_0000;

export const ALLOW = RET_ALLOW;
/** The call is not made and fails with this error number. */
export function failWith(errorNumber: number): number {
  return RET_ERRNO | errorNumber;
}

// linux/bpf_common.h: class, size or operation, mode or source.
const LOAD_WORD = 0x20;
const AND = 0x54;
const JUMP_ALWAYS = 0x05;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const RETURN = 0x06;

const INSTRUCTION_BYTES = 8;
/** BPF_MAXINSNS of linux/bpf_common.h */
const MAX_INSTRUCTIONS = 4096;

/** An array of `struct sock_filter`, as `bwrap --seccomp` and seccomp(2) take it. */
export function assemble(source: readonly Instruction[]): Buffer {
  const places = new Map<string, number>();
  const code: Exclude<Instruction, { readonly label: string }>[] = [];
  for (const item of source) {
    if (!('label' in item)) code.push(item);
    else if (places.has(item.label)) throw new Error(`label ${item.label} is there twice`);
    else places.set(item.label, code.length);
  }
  if (code.length > MAX_INSTRUCTIONS) throw new Error(`${code.length} instructions are too many`);
  const program = Buffer.alloc(code.length * INSTRUCTION_BYTES);
  for (const [at, item] of code.entries()) {
    const { operation, distance = 0, value = 0 } = encode(item, (label) => distanceTo(places, label, at));
    program.writeUInt16LE(operation, at * INSTRUCTION_BYTES);
    program.writeUInt8(distance, at * INSTRUCTION_BYTES + 2);
    program.writeUInt32LE(value >>> 0, at * INSTRUCTION_BYTES + 4);
  }
  return program;
}

function encode(
  item: Exclude<Instruction, { readonly label: string }>,
  distanceOf: (label: string) => number,
): { operation: number; distance?: number; value?: number } {
  if ('load' in item) return { operation: LOAD_WORD, value: item.load };
  if ('and' in item) return { operation: AND, value: item.and };
  if ('verdict' in item) return { operation: RETURN, value: item.verdict };
  if ('equals' in item) {
    return { operation: JUMP_IF_EQUAL, distance: shortDistance(distanceOf(item.goTo)), value: item.equals };
  }
  if ('atLeast' in item) {
    return { operation: JUMP_IF_AT_LEAST, distance: shortDistance(distanceOf(item.goTo)), value: item.atLeast };
  }
  return { operation: JUMP_ALWAYS, value: distanceOf(item.goTo) };
}

/** Forward only: the kernel takes no loops. */
function distanceTo(places: ReadonlyMap<string, number>, label: string, from: number): number {
  const distance = (places.get(label) ?? -1) - from - 1;
  if (distance < 0) throw new Error(`label ${label} is not ahead`);
  return distance;
}

/** A conditional jump has one byte for it. */
function shortDistance(distance: number): number {
  if (distance > 255) throw new Error(`a jump over ${distance} instructions is too far`);
  return distance;
}
