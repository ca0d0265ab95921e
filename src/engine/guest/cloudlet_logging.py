# print and logging as Lambda has them; messages travel in frames, so that their lines stay together.
import json
import logging
import os
import sys
import time

FRAME_TYPE = 0xA55A0003.to_bytes(4, "big")
NO_BREAK_SPACE = "\u00a0"

_request_id = None


def set_request_id(request_id):
    global _request_id
    _request_id = request_id


class FrameWriter:
    """Frame: type, length, microseconds, message. AWS: awslambdaric, FramedTelemetryLogSink"""

    def __init__(self, descriptor):
        self.descriptor = descriptor

    def __call__(self, text):
        message = text.encode("utf-8", "backslashreplace")
        frame = (
            FRAME_TYPE
            + len(message).to_bytes(4, "big")
            + time.time_ns().__floordiv__(1000).to_bytes(8, "big")
            + message
        )
        while frame:
            frame = frame[os.write(self.descriptor, frame) :]


class Unbuffered:
    """AWS: every write reaches the log at once. awslambdaric, Unbuffered"""

    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, text):
        written = self.stream.write(text)
        self.stream.flush()
        return written

    def writelines(self, lines):
        self.stream.writelines(lines)
        self.stream.flush()


class Handler(logging.Handler):
    def __init__(self, write):
        logging.Handler.__init__(self)
        self.write = write

    def emit(self, record):
        self.write(self.format(record))


class RequestIdFilter(logging.Filter):
    def filter(self, record):
        record.aws_request_id = _request_id or ""
        return True


class JsonFormatter(logging.Formatter):
    """One JSON document per record, as with LogFormat JSON."""

    own = set(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
        "message",
        "asctime",
        "aws_request_id",
    }

    def format(self, record):
        structured = isinstance(record.msg, dict) and not record.args
        line = {
            "timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname,
            "message": record.msg if structured else record.getMessage(),
            "logger": record.name,
        }
        if record.exc_info:
            import traceback

            line["stackTrace"] = traceback.format_tb(record.exc_info[2])
            line["errorType"] = record.exc_info[0].__name__
            line["errorMessage"] = str(record.exc_info[1])
            line["location"] = "%s:%s:%s" % (record.pathname, record.funcName, record.lineno)
        line["requestId"] = record.aws_request_id
        for name, value in vars(record).items():
            if name not in self.own and name not in line:
                line[name] = value
        return json.dumps(line, ensure_ascii=False, default=str) + "\n"


def install_logging(descriptor):
    """Sets up stdout, stderr and the root logger; returns how to write one message."""
    write = FrameWriter(descriptor)
    sys.stdout = Unbuffered(sys.stdout)
    sys.stderr = Unbuffered(sys.stderr)
    logging.Formatter.converter = time.gmtime
    handler = Handler(write)
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON":
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(
            logging.Formatter(
                "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n",
                "%Y-%m-%dT%H:%M:%S",
            )
        )
    handler.addFilter(RequestIdFilter())
    root = logging.getLogger()
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper().replace("TRACE", "DEBUG")
    if level in ("DEBUG", "INFO", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"):
        root.setLevel(level)
    root.addHandler(handler)
    return write


def error_text(error):
    """A failure as Lambda logs it. AWS: awslambdaric, log_error"""
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON":
        timestamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time()))
        return json.dumps({"timestamp": timestamp, "level": "ERROR", **error}) + "\n"
    title = "[ERROR]"
    if error["errorType"]:
        title += " " + error["errorType"]
    if error["errorMessage"]:
        title += (": " if error["errorType"] else " ") + error["errorMessage"]
    lines = [title, "Traceback (most recent call last):"]
    for element in error["stackTrace"]:
        if element == "":
            lines.append("")
        for line in element.splitlines():
            stripped = line.lstrip(" ")
            lines.append(NO_BREAK_SPACE * (len(line) - len(stripped)) + stripped)
    return "\n".join(lines)
