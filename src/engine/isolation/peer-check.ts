// Which process is at the other end of a loopback connection: only those of one environment are let in.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';

const LOOPBACK = '0100007F';
/** State of a listening socket in /proc/net/tcp. */
const LISTENING = '0A';

/**
 * Whether the socket at the other end belongs to `pid` or one below it. Made for environments with a
 * process namespace of their own, whose orphans stay below its first process.
 */
export function isPeerOf(socket: Socket, pid: number): boolean {
  const { localPort, remotePort } = socket;
  if (localPort === undefined || remotePort === undefined) return false;
  const inode = findInode(({ local, remote }) => local === address(remotePort) && remote === address(localPort));
  return inode !== undefined && hasSocket(pid, inode);
}

/** Whether what listens on that port of the loopback belongs to `pid` or one below it. */
export function isListenerOf(port: number, pid: number): boolean {
  const hex = `:${hexPort(port)}`;
  const inode = findInode(({ local, state }) => state === LISTENING && local.endsWith(hex));
  return inode !== undefined && hasSocket(pid, inode);
}

interface Row {
  readonly local: string;
  readonly remote: string;
  readonly state: string;
}

/** The address as /proc/net/tcp writes it: bytes in the machine's order, which is little-endian. */
function address(port: number): string {
  return `${LOOPBACK}:${hexPort(port)}`;
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

/** Connections made through an IPv6 socket stand in the other file, with a longer address. */
function findInode(matches: (row: Row) => boolean): string | undefined {
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readLines(file)) {
      const fields = line.trim().split(/\s+/);
      const [, local = '', remote = '', state = ''] = fields;
      const inode = fields[9];
      if (inode === undefined || inode === '0') continue;
      if (matches({ local: shorten(local), remote: shorten(remote), state })) return inode;
    }
  }
  return undefined;
}

/** `::ffff:127.0.0.1` is 127.0.0.1. */
function shorten(text: string): string {
  return text.replace(/^0{16}FFFF0000/, '');
}

function hasSocket(root: number, inode: string): boolean {
  const wanted = `socket:[${inode}]`;
  const pending = [root];
  for (let pid = pending.pop(); pid !== undefined; pid = pending.pop()) {
    if (listFolder(`/proc/${pid}/fd`).some((fd) => readLink(`/proc/${pid}/fd/${fd}`) === wanted)) return true;
    for (const thread of listFolder(`/proc/${pid}/task`)) {
      const children = readLines(`/proc/${pid}/task/${thread}/children`).join(' ');
      pending.push(...children.split(' ').map(Number).filter(Boolean));
    }
  }
  return false;
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\n');
  } catch {
    return [];
  }
}
