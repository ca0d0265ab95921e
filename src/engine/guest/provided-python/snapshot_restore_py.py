# Hooks around a snapshot, by the names of the package that AWS's Python runtimes provide.
_before_snapshot = []
_after_restore = []


def register_before_snapshot(func, *args, **kwargs):
    """AWS: run in reverse order of registration. snapstart-runtime-hooks-python.html"""
    _before_snapshot.append((func, args, kwargs))
    return func


def register_after_restore(func, *args, **kwargs):
    """AWS: run in order of registration."""
    _after_restore.append((func, args, kwargs))
    return func


def get_before_snapshot():
    return _before_snapshot


def get_after_restore():
    return _after_restore
