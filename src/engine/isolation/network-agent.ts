// Networks of single environments: namespaces with a loopback, and listeners in them that are ours.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Server, Socket } from 'node:net';
import { delimiter, join } from 'node:path';

export interface PrivateNetwork {
  /** What nsenter opens to be in it. */
  readonly path: string;
  /** Listen on its loopback; in the order of the ports asked for. */
  readonly servers: readonly Server[];
  /** Connects to a program that listens on its loopback. */
  connect(port: number): Promise<Socket>;
  close(): void;
}

export interface NetworkAgent {
  /** @param of a process that has a network of its own: then that one. */
  open(ports: readonly number[], of?: number): Promise<PrivateNetwork>;
  /** False once its process has ended. */
  readonly isOpen: boolean;
  close(): void;
}

/*
 * A thread can step into another network only by setns(2), which Node.js does not have. The agent, a
 * Python process, makes the namespaces and the sockets in them and hands those over by Node.js's own
 * channel for child processes. Accepting, reading and writing is the engine's: the agent has no part in
 * any connection. A namespace lives as long as the agent's descriptor of it and the processes in it.
 */
const SCRIPT = `
import ctypes, fcntl, json, os, resource, socket, struct
CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, IFF_UP_RUNNING = 0x8914, 0x41
libc = ctypes.CDLL(None, use_errno=True)
channel = socket.socket(fileno=int(os.environ["NODE_CHANNEL_FD"]))
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
networks = {}

def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, name + ": " + os.strerror(number))

def tell(message, passed=None):
    line = json.dumps(message).encode() + b"\\n"
    if passed is None:
        channel.sendall(line)
    else:
        socket.send_fds(channel, [line], [passed.fileno()])

def hand_over(kind, sock, message):
    sock.setblocking(False)
    tell({"cmd": "NODE_HANDLE", "type": kind, "msg": message}, sock)
    sock.close()

def make(id, ports, pid):
    if pid is None:
        call("unshare", CLONE_NEWNET)
    else:
        theirs = os.open("/proc/%d/ns/net" % pid, os.O_RDONLY)
        try:
            call("setns", theirs, CLONE_NEWNET)
        finally:
            os.close(theirs)
    networks[id] = os.open("/proc/self/ns/net", os.O_RDONLY)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP_RUNNING))
    for port in ports:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(512)
        hand_over("net.Server", listener, {"id": id})
    tell({"id": id, "descriptor": networks[id]})

def dial(id, network, port):
    call("setns", networks[network], CLONE_NEWNET)
    hand_over("net.Socket", socket.create_connection(("127.0.0.1", port), 1), {"id": id})

# Without privileges there is no way back into the machine's network, so home is one of its own.
call("unshare", CLONE_NEWNET)
home = os.open("/proc/self/ns/net", os.O_RDONLY)
tell({"id": 0, "descriptor": home})
for line in channel.makefile("rb"):
    asked = json.loads(line)
    if "cmd" in asked:
        continue
    id = asked["id"]
    try:
        if asked["action"] == "close":
            os.close(networks.pop(asked["network"]))
        elif asked["action"] == "dial":
            dial(id, asked["network"], asked["port"])
        else:
            make(id, asked["ports"], asked.get("of"))
    except Exception as error:
        tell({"id": id, "error": str(error)})
    finally:
        call("setns", home, CLONE_NEWNET)
`;

interface Answer {
  readonly id: number;
  readonly descriptor?: number;
  readonly error?: string;
}

interface Asked {
  readonly servers: Server[];
  readonly resolve: (answer: { descriptor: number; socket?: Socket }) => void;
  readonly reject: (error: Error) => void;
}

const START_LIMIT_MS = 20_000;

/**
 * @param enter what its command begins with, to have the rights that making networks needs.
 * Rejects with the reason where it cannot be had.
 */
export async function startNetworkAgent(enter: readonly string[]): Promise<NetworkAgent> {
  const python = await findPython();
  if (python === undefined) throw new Error('there is no python3 (with ctypes) to make networks with');
  const [file, ...args] = [...enter, python, '-I', '-S', '-c', SCRIPT];
  const child = spawn(file, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Spared by a Ctrl-C meant for the engine; it ends when its channel does.
    detached: true,
    env: { PATH: process.env['PATH'] ?? '' },
  });
  const line = openLine(child);
  await line.ask(0, undefined);
  let asked = 0;

  return {
    async open(ports, of) {
      const id = (asked += 1);
      const servers: Server[] = [];
      const { descriptor } = await line.ask(id, { id, action: 'open', ports, of }, servers);
      for (const server of servers) server.unref();
      return {
        path: `/proc/${child.pid}/fd/${descriptor}`,
        servers,
        async connect(port) {
          const request = (asked += 1);
          const { socket } = await line.ask(request, { id: request, action: 'dial', network: id, port });
          if (socket === undefined) throw new Error('no connection came');
          return socket;
        },
        close() {
          for (const server of servers) server.close();
          line.tell({ id: (asked += 1), action: 'close', network: id });
        },
      };
    },
    get isOpen() {
      return line.isOpen;
    },
    close: () => line.hangUp(),
  };
}

interface Line {
  readonly isOpen: boolean;
  /** Without a request: waits for what comes unasked. */
  ask(
    id: number,
    request: { readonly [name: string]: unknown } | undefined,
    servers?: Server[],
  ): Promise<{ descriptor: number; socket?: Socket }>;
  tell(request: { readonly [name: string]: unknown }): void;
  hangUp(): void;
}

function openLine(child: ChildProcess): Line {
  const waiting = new Map<number, Asked>();
  let trouble = '';
  let isOpen = true;

  function settle(id: number): Asked | undefined {
    const asked = waiting.get(id);
    waiting.delete(id);
    // Only somebody who waits for it keeps the engine's process alive.
    if (waiting.size === 0) child.channel?.unref();
    return asked;
  }

  function whatHappened(): Error {
    return new Error(`networks cannot be made: ${trouble.trim().split('\n').at(-1) || 'the agent has ended'}`);
  }

  function lose(): void {
    isOpen = false;
    const error = whatHappened();
    for (const [id] of waiting) settle(id)?.reject(error);
  }

  child.stderr?.on('data', (chunk: Buffer) => (trouble = (trouble + chunk.toString()).slice(-2000)));
  if (child.stderr instanceof Socket) child.stderr.unref();
  child.once('error', (error) => {
    trouble = error.message;
    lose();
  });
  child.once('close', lose);
  child.on('message', (message: Answer, handle?: unknown) => {
    if (handle instanceof Server) waiting.get(message.id)?.servers.push(handle);
    else if (handle instanceof Socket) settle(message.id)?.resolve({ descriptor: -1, socket: handle });
    else if (message.error !== undefined) settle(message.id)?.reject(new Error(message.error));
    else settle(message.id)?.resolve({ descriptor: message.descriptor ?? -1 });
  });
  child.unref();
  child.channel?.unref();
  return {
    get isOpen() {
      return isOpen;
    },
    ask(id, request, servers = []) {
      return new Promise((resolve, reject) => {
        if (!isOpen) return reject(whatHappened());
        waiting.set(id, { servers, resolve, reject });
        child.channel?.ref();
        if (request !== undefined) child.send(request, () => {});
      });
    },
    tell(request) {
      if (isOpen && child.connected) child.send(request, () => {});
    },
    hangUp() {
      isOpen = false;
      if (child.connected) child.disconnect();
    },
  };
}

/** The system's own first: what version managers put on PATH may be a slow script. */
async function findPython(): Promise<string | undefined> {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'python3'));
  for (const path of new Set(['/usr/bin/python3', '/usr/libexec/platform-python', ...onPath])) {
    if (existsSync(path) && (await canBeAgent(path))) return path;
  }
  return undefined;
}

function canBeAgent(python: string): Promise<boolean> {
  const probe = 'import ctypes, fcntl, resource, socket; socket.send_fds';
  return new Promise((resolve) => {
    execFile(python, ['-I', '-S', '-c', probe], { timeout: START_LIMIT_MS, env: {} }, (error) =>
      resolve(error === null),
    );
  });
}
