# Loads of boto3 what the first clients of a process take so long for, before there is a function.
import os

# Their models are read ahead; those of other services when a function asks for them.
SERVICES = (
    "dynamodb",
    "s3",
    "sqs",
    "sns",
    "lambda",
    "events",
    "kinesis",
    "stepfunctions",
    "secretsmanager",
    "ssm",
    "sts",
    "logs",
)


def warm_up():
    """No file is read but botocore's own; nothing is sent."""
    kept = {name: os.environ.get(name) for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
    os.environ.update(dict.fromkeys(kept, os.devnull))
    try:
        remember = _remember_data_files()
        import boto3

        session = boto3.Session("-", "-", region_name="us-east-1")
        for service in SERVICES:
            session.client(service)
        session.resource("dynamodb")
        session.resource("s3")
        remember(False)
    except Exception:
        # Then the function's own client takes as long as it does.
        pass
    for name, value in kept.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _remember_data_files():
    """Each session of boto3 reads its models anew; these come from memory then."""
    from botocore.loaders import JSONFileLoader

    known = {}
    load = JSONFileLoader.load_file
    filling = True

    def load_file(self, file_path):
        data = known.get(file_path)
        if data is None:
            data = load(self, file_path)
            if filling:
                known[file_path] = data
        return data

    def remember(more):
        nonlocal filling
        filling = more

    JSONFileLoader.load_file = load_file
    return remember
