# The Python runtime: boots empty, learns its function from the engine, then serves invocations.
import json
import os
import signal
import socket
import sys
import time

# Inherited from the engine: takes frames, so that messages of several lines stay whole.
LOG_FD = 3
API = "/2018-06-01/runtime"
GUEST_FOLDER = os.path.dirname(os.path.abspath(__file__))


def main(address, preloads, role):
    client = RuntimeClient(address)
    if preloads:
        preload(preloads.split(":"))
    if role == "zygote":
        client = fork_empty(client)
    serve(client)


def preload(paths):
    """What the function used before: once it is assigned, its imports find the modules loaded."""
    import importlib

    sys.path.extend({os.path.dirname(path) for path in paths})
    for path in paths:
        try:
            importlib.import_module(os.path.basename(path))
        except Exception:
            # The function will say so if it needs it.
            pass
    if "boto3" in sys.modules:
        import cloudlet_boto3

        cloudlet_boto3.warm_up()
    sys.path[:] = [place for place in sys.path if place not in {os.path.dirname(p) for p in paths}]


def fork_empty(client):
    """Environments that wait for their function are forked from here. Returns in each of them."""
    import logging  # noqa: F401
    import traceback  # noqa: F401

    import cloudlet_handler  # noqa: F401
    import cloudlet_logging  # noqa: F401
    from cloudlet_zygote import reseed, serve_forks

    client = serve_forks(client)
    reseed()
    return client


def loaded_packages(folders):
    """The packages of the provided SDK that were loaded."""
    names = []
    for name in ("boto3", "botocore"):
        file = getattr(sys.modules.get(name), "__file__", None) or ""
        if any(file.startswith(folder + "/") for folder in folders):
            names.append(name)
    return " ".join(names)


def serve(client):
    """Takes the assignment, loads the handler and answers invocations until the engine goes away."""
    # Before there is a function: the time to load what every one will need, traceback included.
    import traceback  # noqa: F401

    from cloudlet_handler import load_handler, run_handler
    from cloudlet_logging import error_text, install_logging, set_request_id

    assignment = json.loads(client.request("GET", "/cloudlet/assignment")[1])
    set_now = take_on(assignment)
    if assignment.get("snapshot"):
        import cloudlet_zygote  # noqa: F401
    forget_guest_folder()
    sys.path.append(os.path.join(GUEST_FOLDER, "provided-python"))
    log = install_logging(LOG_FD)
    if assignment.get("debug"):
        open_debugger(assignment["debug"])
    try:
        handler = load_handler(os.environ["_HANDLER"], assignment["codePath"])
    except Fault as fault:
        fail_init(client, log, error_text, document(fault.message, fault.type, fault.trace))
    except Exception:
        fail_init(client, log, error_text, describe_current_exception(None))
    if assignment.get("snapshot"):
        client = go_on_from_snapshot(client, log, assignment, set_now)

    served = 0
    while True:
        # Told after the first invocation, which may have loaded more.
        loaded = loaded_packages(assignment["codePath"]["last"]) if served == 1 else ""
        served += 1
        headers, payload = client.next(loaded)
        request_id = headers["lambda-runtime-aws-request-id"]
        now = headers.get("cloudlet-now-ms")
        if now is not None:
            set_now(int(now))
        set_request_id(request_id)
        trace_id = headers.get("lambda-runtime-trace-id")
        if trace_id is None:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        else:
            os.environ["_X_AMZN_TRACE_ID"] = trace_id
        try:
            body, content_type = run_handler(handler, headers, payload)
        except Fault as fault:
            error = document(fault.message, fault.type, fault.trace, request_id)
        except Exception:
            error = describe_current_exception(request_id)
        else:
            client.respond(request_id, body, content_type)
            continue
        log(error_text(error))
        client.fail(request_id, error)


def open_debugger(debug):
    """With `wait` nothing of the function runs before somebody is attached."""
    if debug.get("path"):
        sys.path.append(debug["path"])
    try:
        import debugpy

        debugpy.listen(("127.0.0.1", debug["port"]))
        if debug["wait"]:
            debugpy.wait_for_client()
    except Exception as error:
        print("The debugger cannot be started: %s" % error, file=sys.stderr)


def fail_init(client, log, error_text, error):
    report_failure(client, log, error, API + "/init/error", error["errorType"])
    sys.exit(1)


def report_failure(client, log, error, path, error_type):
    from cloudlet_logging import error_text

    log(error_text(error))
    headers = "Lambda-Runtime-Function-Error-Type: %s\r\n" % error_type
    client.request("POST", path, headers, json.dumps(error).encode())


def go_on_from_snapshot(client, log, assignment, set_now):
    """Waits as the snapshot; returns in each environment restored from it, with its own client."""
    from cloudlet_zygote import drop_connections, reseed, serve_forks

    # AWS: error types, exit codes and order of the hooks. awslambdaric, lambda_runtime_hooks_runner
    hooks = sys.modules.get("snapshot_restore_py")
    try:
        before = hooks.get_before_snapshot() if hooks is not None else []
        while before:
            function, arguments, named = before.pop()
            function(*arguments, **named)
    except Exception:
        error = describe_current_exception(None)
        report_failure(client, log, error, API + "/init/error", "Runtime.BeforeSnapshotError")
        sys.exit(64)
    drop_connections(client.socket.fileno())
    client = serve_forks(client)
    restored = json.loads(client.request("GET", "/cloudlet/assignment")[1])
    for name, value in restored["env"].items():
        # What init made of a variable is part of the snapshot.
        if os.environ.get(name) == assignment["env"].get(name):
            os.environ[name] = value
    if restored.get("nowMs") is not None:
        set_now(restored["nowMs"])
    reseed()
    try:
        after = hooks.get_after_restore() if hooks is not None else []
        for function, arguments, named in after:
            function(*arguments, **named)
    except Exception:
        error = describe_current_exception(None)
        report_failure(client, log, error, API + "/restore/error", "Runtime.AfterRestoreError")
        sys.exit(65)
    return client


class Fault(Exception):
    """A failure the runtime itself names: Runtime.ImportModuleError and its like."""

    def __init__(self, type, message, trace=None):
        Exception.__init__(self, message)
        self.type = type
        self.message = message
        self.trace = trace


def document(message, type, trace, request_id=None):
    # AWS: key order and empty strings as awslambdaric's make_error.
    return {
        "errorMessage": message or "",
        "errorType": type or "",
        "requestId": request_id or "",
        "stackTrace": trace or [],
    }


def describe_current_exception(request_id):
    import traceback

    kind, value, trace = sys.exc_info()
    # AWS: without the marks below the failing expression that newer versions add. awslambdaric
    frames = [
        (frame.filename, frame.lineno, frame.name, frame.line)
        for frame in traceback.extract_tb(trace)
    ]
    for index, frame in enumerate(frames):
        if not frame[0].startswith(GUEST_FOLDER):
            frames = frames[index:]
            break
    return document(str(value), kind.__name__, traceback.format_list(frames), request_id)


def forget_guest_folder():
    """Our own files are none of the modules a function may import."""
    while GUEST_FOLDER in sys.path:
        sys.path.remove(GUEST_FOLDER)


def take_on(assignment):
    """Becomes the function: environment, directory, clock. Returns the clock's setter."""
    environment = assignment["env"]
    # One that started with them may have been given more, or others, by a wrapper script.
    if not assignment.get("keepsEnvironment"):
        os.environ.clear()
        os.environ.update(environment)
    time.tzset()
    os.chdir(assignment["workingDirectory"])
    if assignment.get("nowMs") is None:
        return lambda now_ms: None
    import cloudlet_clock

    cloudlet_clock.install()
    cloudlet_clock.set_now(assignment["nowMs"])
    return cloudlet_clock.set_now


class RuntimeClient:
    """A minimal Runtime API client: one keep-alive connection, one write per answer."""

    def __init__(self, address):
        if address.startswith("/"):
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.connect(address)
        else:
            host, port = address.rsplit(":", 1)
            self.socket = socket.create_connection((host, int(port)))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.outgoing = b""
        self.unread = 0

    def next(self, loaded=""):
        """Sends what is held back together with the request for work; returns headers and payload."""
        headers = "Cloudlet-Loaded: %s\r\n" % loaded if loaded else ""
        return self.request("GET", API + "/invocation/next", headers)

    def respond(self, request_id, body, content_type):
        headers = "Content-Type: %s\r\n" % content_type
        self._hold("%s/invocation/%s/response" % (API, request_id), headers, body)

    def fail(self, request_id, error):
        headers = (
            "Content-Type: application/json\r\nLambda-Runtime-Function-Error-Type: %s\r\n"
            % error["errorType"].encode("ascii", "replace").decode()
        )
        body = json.dumps(error, ensure_ascii=False).encode("utf-8", "surrogatepass")
        self._hold("%s/invocation/%s/error" % (API, request_id), headers, body)

    def _hold(self, path, headers, body):
        head = "POST %s HTTP/1.1\r\nHost: runtime\r\n%sContent-Length: %d\r\n\r\n" % (
            path,
            headers,
            len(body),
        )
        self.outgoing += head.encode() + body
        self.unread += 1

    def request(self, method, path, headers="", body=b""):
        length = "Content-Length: %d\r\n" % len(body) if body else ""
        head = "%s %s HTTP/1.1\r\nHost: runtime\r\n%s%s\r\n" % (method, path, headers, length)
        try:
            self.socket.sendall(self.outgoing + head.encode() + body)
            self.outgoing = b""
            while self.unread > 0:
                self._read()
                self.unread -= 1
            return self._read()
        except OSError:
            leave()

    def _read(self):
        end = self.received.find(b"\r\n\r\n")
        while end == -1:
            self._receive()
            end = self.received.find(b"\r\n\r\n")
        headers = {}
        for line in self.received[:end].split(b"\r\n")[1:]:
            name, _, value = line.partition(b": ")
            headers[name.decode("latin1").lower()] = value.decode("utf-8", "replace")
        length = int(headers.get("content-length", "0"))
        if len(self.received) < end + 4 + length:
            parts = [self.received]
            have = len(self.received)
            while have < end + 4 + length:
                parts.append(self._receive_chunk())
                have += len(parts[-1])
            self.received = b"".join(parts)
        body = self.received[end + 4 : end + 4 + length]
        self.received = self.received[end + 4 + length :]
        return headers, body

    def _receive(self):
        self.received += self._receive_chunk()

    def _receive_chunk(self):
        chunk = self.socket.recv(262144)
        if not chunk:
            leave()
        return chunk


def leave():
    """The engine is gone: nothing this process could still do would reach anyone."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    # Modules import each other by this name; running as a script would load this one twice.
    sys.modules["cloudlet_runtime"] = sys.modules["__main__"]
    main(*sys.argv[1:4])
