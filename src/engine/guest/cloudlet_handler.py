# Finds the function a handler string names, runs it, and turns what it returns into bytes.
import importlib
import json
import os
import re
import sys
import time

from cloudlet_runtime import Fault

monotonic = time.monotonic


def load_handler(handler, code_path):
    """The function `pkg.module.func` or `pkg/module.func` names. Faults as awslambdaric raises them."""
    sys.path[0:0] = code_path["first"]
    sys.path.extend(code_path["last"])
    try:
        module_name, function_name = handler.rsplit(".", 1)
    except ValueError as error:
        raise Fault(
            "Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (handler, error)
        ) from None
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault(
            "Runtime.BuiltInModuleConflict",
            "Cannot use built-in module %s as a handler module" % module_name,
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault(
            "Runtime.ImportModuleError",
            "Unable to import module '%s': %s" % (module_name, error),
        ) from None
    except SyntaxError as error:
        trace = ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)]
        raise Fault(
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module '%s': %s" % (module_name, error),
            trace,
        ) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Fault(
            "Runtime.HandlerNotFound",
            "Handler '%s' missing on module '%s'" % (function_name, module_name),
        ) from None


def run_handler(handler, headers, payload):
    """Body and content type of the response."""
    context = LambdaContext(headers)
    try:
        event = json.loads(payload)
    except Exception as error:
        raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error) from None
    result = handler(event, context)
    if isinstance(result, bytes):
        return result, "application/unknown"
    try:
        return to_json(result).encode("utf-8"), "application/json"
    except Exception as error:
        raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error) from None


# The standard encoder cannot write a number it does not know: it writes a marked text, unmarked here.
MARK = "\ue000decimal:"
MARKED = re.compile('"(?:\ue000|\\\\ue000)decimal:([^"]*)"')


def to_json(value):
    used_mark = False

    def encode_other(item):
        nonlocal used_mark
        # AWS: a Decimal becomes a JSON number, digit for digit. awslambdaric, lambda_runtime_marshaller
        if type(item).__name__ == "Decimal" and hasattr(item, "as_tuple"):
            used_mark = True
            return MARK + ("NaN" if item.is_nan() else str(item))
        raise TypeError(
            "Object of type %s is not JSON serializable" % type(item).__name__
        )

    # AWS: text leaves unescaped from Python 3.12 on. awslambdaric, lambda_runtime_marshaller
    minor = re.match(r"AWS_Lambda_python3\.(\d+)$", os.environ.get("AWS_EXECUTION_ENV", ""))
    ascii_only = minor is not None and int(minor.group(1)) < 12
    text = json.dumps(value, default=encode_other, ensure_ascii=ascii_only)
    return MARKED.sub(r"\1", text) if used_mark else text


class _Fields:
    """Attributes from a dictionary; names that are absent are None."""

    _names = ()

    def __init__(self, values):
        for name in self._names:
            setattr(self, name, values.get(name))

    def __repr__(self):
        shown = ",".join("%s=%s" % (name, getattr(self, name)) for name in self._names)
        return "%s([%s])" % (type(self).__name__, shown)


class CognitoIdentity(_Fields):
    _names = ("cognito_identity_id", "cognito_identity_pool_id")


class Client(_Fields):
    _names = (
        "installation_id",
        "app_title",
        "app_version_name",
        "app_version_code",
        "app_package_name",
    )


class ClientContext(_Fields):
    _names = ("custom", "env", "client")


class LambdaContext:
    def __init__(self, headers):
        environment = os.environ
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers["lambda-runtime-invoked-function-arn"]
        self.log_group_name = environment.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = environment.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = environment.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = environment.get("AWS_LAMBDA_FUNCTION_VERSION")
        client_context = parse(headers, "lambda-runtime-client-context", "Client Context")
        self.client_context = None if client_context is None else ClientContext(client_context)
        if self.client_context is not None and self.client_context.client is not None:
            self.client_context.client = Client(self.client_context.client)
        identity = parse(headers, "lambda-runtime-cognito-identity", "Cognito Identity") or {}
        self.identity = CognitoIdentity(
            {
                "cognito_identity_id": identity.get("cognitoIdentityId"),
                "cognito_identity_pool_id": identity.get("cognitoIdentityPoolId"),
            }
        )
        budget_ms = int(headers["lambda-runtime-deadline-ms"]) - int(time.time() * 1000)
        self._deadline = monotonic() + budget_ms / 1000

    def get_remaining_time_in_millis(self):
        return max(0, int((self._deadline - monotonic()) * 1000))

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        names = (
            "aws_request_id",
            "log_group_name",
            "log_stream_name",
            "function_name",
            "memory_limit_in_mb",
            "function_version",
            "invoked_function_arn",
            "client_context",
            "identity",
        )
        shown = ",".join("%s=%s" % (name, getattr(self, name)) for name in names)
        return "LambdaContext([%s])" % shown


def parse(headers, name, title):
    text = headers.get(name)
    if text is None:
        return None
    try:
        return json.loads(text)
    except Exception as error:
        raise Fault(
            "Runtime.LambdaContextUnmarshalError",
            "Unable to parse %s JSON: %s" % (title, error),
        ) from None
