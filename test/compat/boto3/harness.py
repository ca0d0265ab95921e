"""Runs the checks of a script against the cloud in AWS_ENDPOINT_URL and prints one line of JSON for each."""
import io
import json
import os
import time
import traceback
import zipfile

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ['AWS_ENDPOINT_URL']
ACCOUNT = os.environ['AWS_ACCESS_KEY_ID']
REGION = os.environ['AWS_DEFAULT_REGION']
_checks = []


def check(function):
    """Registers a check; its name, with spaces, is that of the test."""
    _checks.append(function)
    return function


def run():
    for function in _checks:
        line = {'check': function.__name__}
        try:
            function()
            print(json.dumps({**line, 'ok': True}), flush=True)
        except Exception:
            print(json.dumps({**line, 'ok': False, 'why': traceback.format_exc()}), flush=True)


def client(service, **more):
    """A client that tries each call once; S3 with buckets in the path."""
    config = Config(retries={'total_max_attempts': 1}, s3={'addressing_style': 'path'})
    return boto3.client(service, **{'config': config, **more})


def fails(code, call, *args, **kwargs):
    """The error response of a call, which has to fail with the code."""
    try:
        call(*args, **kwargs)
    except ClientError as error:
        assert error.response['Error']['Code'] == code, error.response
        return error.response
    raise AssertionError(f'expected {code}, but the call succeeded')


def equal(actual, expected):
    assert actual == expected, f'{actual!r} is not {expected!r}'


def eventually(read, wanted, seconds=20):
    """Reads until `wanted` accepts what was read."""
    deadline = time.monotonic() + seconds
    while True:
        value = read()
        if wanted(value):
            return value
        assert time.monotonic() < deadline, f'still {value!r} after {seconds} s'
        time.sleep(0.05)


def zipped(**files):
    """A ZIP archive, each file named NAME.EXTENSION as NAME_EXTENSION."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w') as archive:
        for name, text in files.items():
            archive.writestr('.'.join(name.rsplit('_', 1)), text)
    return buffer.getvalue()
