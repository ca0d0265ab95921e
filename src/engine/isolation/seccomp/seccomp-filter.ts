// The filter that stands between a sandboxed function and the kernel.
import { ALLOW, assemble, failWith, type Instruction, SECCOMP_DATA } from './bpf-assembler.ts';
import {
  AF_NETLINK,
  type Architecture,
  ARCHITECTURES,
  AUDIT_ARCHITECTURE,
  DENIED,
  ERROR_NUMBERS,
  NAMESPACE_FLAGS,
  PERSONALITIES,
  SOCKET_FAMILIES,
  TERMINAL_INPUT,
  WATCHED,
  X32_BIT,
} from './denied-system-calls.ts';

const NODE_NAMES: Readonly<Record<string, Architecture>> = { x64: 'x86_64', arm64: 'aarch64' };

/** The architecture by Node.js's name; undefined where there is no table of its calls. */
export function architectureOf(name: string): Architecture | undefined {
  return NODE_NAMES[name];
}

/**
 * Denied calls fail with EPERM, as for a user without rights; nothing is killed, so that a program
 * that only tries goes on. The cost is a few nanoseconds: the kernel remembers which numbers always pass.
 * @param except calls by name that are let through all the same.
 */
export function buildSeccompFilter(architecture: Architecture, except: readonly string[] = []): Buffer {
  const column = ARCHITECTURES.indexOf(architecture);
  const numbers = Object.values(DENIED).flatMap((group) =>
    Object.entries(group).flatMap(([name, row]) => (except.includes(name) ? [] : (row[column] ?? []))),
  );
  const watched = (name: keyof typeof WATCHED): number => WATCHED[name][column === 0 ? 0 : 1];
  return assemble([
    { load: SECCOMP_DATA.architecture },
    { equals: AUDIT_ARCHITECTURE[architecture], goTo: 'native' },
    // Programs of another architecture (int 0x80 among them) would be calls by other numbers.
    { verdict: failWith(ERROR_NUMBERS.ENOSYS) },
    { label: 'native' },
    { load: SECCOMP_DATA.number },
    ...(architecture === 'x86_64' ? [{ atLeast: X32_BIT, goTo: 'absent' }] : []),
    ...Object.keys(WATCHED).map((name) => ({
      equals: watched(name as keyof typeof WATCHED),
      goTo: name,
    })),
    ...numbers.map((number) => ({ equals: number, goTo: 'denied' })),
    { verdict: ALLOW },
    ...argumentChecks(),
    { label: 'denied' },
    { verdict: failWith(ERROR_NUMBERS.EPERM) },
    { label: 'absent' },
    { verdict: failWith(ERROR_NUMBERS.ENOSYS) },
    { label: 'no-family' },
    { verdict: failWith(ERROR_NUMBERS.EAFNOSUPPORT) },
    { label: 'allowed' },
    { verdict: ALLOW },
  ]);
}

function argumentChecks(): Instruction[] {
  const allowed = (value: number): Instruction => ({ equals: value, goTo: 'allowed' });
  return [
    { label: 'clone' },
    { load: SECCOMP_DATA.argument(0) },
    { and: NAMESPACE_FLAGS },
    allowed(0),
    { goTo: 'denied' },
    // Its flags lie in memory, where a filter cannot look. The C library falls back to clone.
    { label: 'clone3' },
    { goTo: 'absent' },
    { label: 'socketpair' },
    { label: 'socket' },
    { load: SECCOMP_DATA.argument(0) },
    ...SOCKET_FAMILIES.map(allowed),
    { equals: AF_NETLINK, goTo: 'netlink' },
    { goTo: 'no-family' },
    { label: 'netlink' },
    { load: SECCOMP_DATA.argument(2) },
    allowed(0),
    { goTo: 'no-family' },
    { label: 'ioctl' },
    { load: SECCOMP_DATA.argument(1) },
    ...TERMINAL_INPUT.map((request) => ({ equals: request, goTo: 'denied' })),
    { goTo: 'allowed' },
    { label: 'personality' },
    { load: SECCOMP_DATA.argument(0) },
    ...PERSONALITIES.map(allowed),
    { goTo: 'denied' },
  ];
}
