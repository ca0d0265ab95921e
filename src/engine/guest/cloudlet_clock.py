# Makes time and datetime show the cloud's virtual time.
import datetime as datetime_module
import time as time_module

# Real time that may pass in one invocation before virtual time begins to flow. Until then a handler
# sees exactly the cloud's time, so results are the same on a slow machine; after it, loops that wait
# for the clock end.
STANDSTILL_NS = 1_000_000_000

real_monotonic_ns = time_module.monotonic_ns
real_gmtime = time_module.gmtime
real_localtime = time_module.localtime
real_ctime = time_module.ctime
real_strftime = time_module.strftime
real_asctime = time_module.asctime
real_datetime = datetime_module.datetime
real_date = datetime_module.date

_base_ns = 0
_set_at = 0
_shown_ns = 0


def set_now(now_ms):
    global _base_ns, _set_at, _shown_ns
    _base_ns = now_ms * 1_000_000
    _set_at = real_monotonic_ns()
    _shown_ns = _base_ns


def time_ns():
    global _shown_ns
    flowing = max(0, real_monotonic_ns() - _set_at - STANDSTILL_NS)
    _shown_ns = max(_shown_ns, _base_ns + flowing)
    return _shown_ns


def time():
    return time_ns() / 1_000_000_000


class _Instances(type):
    """Values made before or beside the replacement still count as its instances."""

    def __instancecheck__(cls, instance):
        if "_real" in vars(cls):
            return isinstance(instance, cls._real)
        return type.__instancecheck__(cls, instance)

    def __subclasscheck__(cls, subclass):
        if "_real" in vars(cls):
            return issubclass(subclass, cls._real)
        return type.__subclasscheck__(cls, subclass)


def _now(cls, tz=None):
    whole, nanoseconds = divmod(time_ns(), 1_000_000_000)
    return cls.fromtimestamp(whole, tz).replace(microsecond=nanoseconds // 1000)


def _utcnow(cls):
    return _now(cls, datetime_module.timezone.utc).replace(tzinfo=None)


class _Function:
    """Like a built-in, it stays what it is as a class attribute (logging keeps time.localtime so)."""

    def __init__(self, body):
        self._body = body
        self.__doc__ = body.__doc__

    def __call__(self, *args):
        return self._body(*args)


def install():
    """Replaces the clocks; modules imported from now on see virtual time only."""
    replacements = {
        "time": time,
        "time_ns": time_ns,
        "gmtime": lambda secs=None: real_gmtime(time() if secs is None else secs),
        "localtime": lambda secs=None: real_localtime(time() if secs is None else secs),
        "ctime": lambda secs=None: real_ctime(time() if secs is None else secs),
        "asctime": lambda t=None: real_asctime(real_localtime(time()) if t is None else t),
        "strftime": lambda form, t=None: real_strftime(
            form, real_localtime(time()) if t is None else t
        ),
    }
    for name, body in replacements.items():
        setattr(time_module, name, _Function(body))

    class date(real_date, metaclass=_Instances):
        _real = real_date

        @classmethod
        def today(cls):
            return cls.fromtimestamp(time())

    class datetime(real_datetime, metaclass=_Instances):
        _real = real_datetime
        now = classmethod(_now)
        utcnow = classmethod(_utcnow)

        @classmethod
        def today(cls):
            return _now(cls)

    for replacement in (date, datetime):
        replacement.__module__ = "datetime"
        replacement.__qualname__ = replacement.__name__
    datetime_module.date = date
    datetime_module.datetime = datetime
