# Forks environments from an initialised process, each behind walls and with numbers of its own.
import ctypes
import json
import os
import random
import signal
import sys

from cloudlet_runtime import RuntimeClient

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER = 0x20000, 0x8000000, 0x10000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND = 1, 2, 4, 8, 32, 4096
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
CAPABILITY_VERSION = 0x20080522
LOG_FD = 3

_libc = None


def serve_forks(client):
    """Forks whenever the engine says so. Returns in the children only: their client."""
    _prepare()
    # What exists now is never collected: its pages stay shared.
    import gc

    gc.collect()
    gc.freeze()
    while True:
        order = json.loads(client.request("GET", "/cloudlet/fork")[1])
        helper = os.fork()
        if helper == 0:
            client.socket.close()
            return _become_environment(order)
        os.waitpid(helper, 0)


def _prepare():
    """What all children need is made once, and shared."""
    global _libc
    _libc = ctypes.CDLL(None, use_errno=True)
    for name in ("unshare", "mount", "capset", "prctl"):
        getattr(_libc, name, None)


def _become_environment(order):
    """Helper → supervisor (process 1 of its namespace) → the environment's own process."""
    status = RuntimeClient(order["socket"])
    told = False
    try:
        walls = order.get("walls")
        if walls is not None:
            _unshare(walls)
        if os.fork() != 0:
            os._exit(0)
        os.setsid()
        number = int(os.readlink("/proc/self")) if walls is not None else os.getpid()
        log = os.open(order["log"], os.O_WRONLY)
        frames = os.open(order["log"], os.O_WRONLY)
        program = _build_walls(walls) if walls is not None else None
        if order.get("temporary") is not None:
            _copy_folder(*order["temporary"])
        told = True
        status.request("POST", "/cloudlet/forked", body=json.dumps({"pid": number}).encode())
        child = os.fork()
        if child != 0:
            os.close(log)
            os.close(frames)
            _supervise(status, child)
    except BaseException as error:
        if not told:
            body = json.dumps({"error": "%s: %s" % (type(error).__name__, error)}).encode()
            status.request("POST", "/cloudlet/forked", body=body)
        os._exit(1)
    status.socket.close()
    for descriptor, target in ((log, 1), (log, 2), (frames, LOG_FD)):
        os.dup2(descriptor, target)
    os.close(log)
    os.close(frames)
    client = RuntimeClient(walls["api"] if walls is not None else order["socket"])
    if walls is not None:
        os.setsid()
        _drop_rights(program)
    return client


def _supervise(status, child):
    """Waits for the environment's process, tells how it ended and takes everything of it along."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for descriptor in (1, 2, LOG_FD):
        try:
            os.close(descriptor)
        except OSError:
            pass
    while True:
        try:
            pid, how = os.wait()
        except InterruptedError:
            continue
        if pid == child:
            break
    end = {"signal": os.WTERMSIG(how)} if os.WIFSIGNALED(how) else {"code": os.WEXITSTATUS(how)}
    status.request("POST", "/cloudlet/ended", body=json.dumps(end).encode())
    os._exit(0)


def reseed():
    """Two environments of one snapshot must not make the same numbers."""
    random.seed()
    ssl = sys.modules.get("ssl")
    if ssl is not None:
        # OpenSSL tells forks apart by process id, which may well be the same behind walls.
        ssl.RAND_add(os.urandom(64), 64.0)
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile._name_sequence = None
        tempfile.tempdir = None
    uuid = sys.modules.get("uuid")
    if uuid is not None:
        uuid._last_timestamp = None
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def drop_connections(own):
    """AWS: connections do not survive a snapshot. Shared by forks they would carry mixed data."""
    import socket

    keep = {0, 1, 2, LOG_FD, own}
    for name in os.listdir("/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"):
        descriptor = int(name)
        if descriptor in keep:
            continue
        try:
            copy = socket.socket(fileno=os.dup(descriptor))
        except OSError:
            continue
        try:
            if copy.family in (socket.AF_INET, socket.AF_INET6):
                copy.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        finally:
            copy.close()


def _call(name, *arguments):
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (name, os.strerror(number)))


def _mount(source, target, kind, flags, data=""):
    encoded = [text.encode() for text in (source, target, kind)]
    _call("mount", encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), data.encode())


def _unshare(walls):
    user, group = os.getuid(), os.getgid()
    flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC
    _call("unshare", flags | (CLONE_NEWNET if walls["network"] else 0))
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", "%d %d 1" % (user, user)),
        ("gid_map", "%d %d 1" % (group, group)),
    ):
        with open("/proc/self/" + name, "w") as file:
            file.write(text)


def _build_walls(walls):
    """A /tmp, /proc and /dev/pts of its own over the zygote's; returns the filter of system calls."""
    program = None
    if walls.get("filter") is not None:
        with open(walls["filter"], "rb") as file:
            program = file.read()
    kept = os.open("/tmp", os.O_RDONLY | os.O_DIRECTORY)
    is_empty = not walls["keepsTemporary"] or not os.listdir(kept)
    hidden = MS_NOSUID | MS_NODEV
    _mount("tmpfs", "/tmp", "tmpfs", hidden, "mode=1777,size=%d" % walls["sizeBytes"])
    _mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666")
    _mount("none", "/dev", "none", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    _mount("proc", "/proc", "proc", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for path in walls["secrets"]:
        if os.path.exists(path):
            _mount("/dev/null", path, "none", MS_BIND)
    for source, target in walls["binds"]:
        _mount(source, target, "none", MS_BIND)
    if not is_empty:
        _copy_folder("/proc/self/fd/%d" % kept, "/tmp")
    os.close(kept)
    for path in walls["hidden"]:
        _mount("tmpfs", path, "tmpfs", MS_RDONLY | hidden, "size=4096")
    return program


def _copy_folder(source, target):
    """AWS: what init left in /tmp is part of the snapshot."""
    import shutil

    for name in os.listdir(source):
        path = os.path.join(source, name)
        copy = os.path.join(target, name)
        try:
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.copytree(path, copy, symlinks=True)
            else:
                shutil.copy2(path, copy, follow_symlinks=False)
        except OSError:
            # Sockets and the like are nothing a snapshot could keep.
            pass


def _drop_rights(program):
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if program is None:
        return

    class Filter(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]

    given = Filter(len(program) // 8, program)
    _call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(given), 0, 0)
