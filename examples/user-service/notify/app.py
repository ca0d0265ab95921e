"""Records the e-mail that would be sent to a new user."""

import json
import logging
import os
import time

import boto3

logger = logging.getLogger()
logger.setLevel(logging.INFO)
outbox = boto3.resource("dynamodb").Table(os.environ["OUTBOX_TABLE"])


def handler(event, context):
    for record in event["Records"]:
        user = json.loads(record["Sns"]["Message"])
        outbox.put_item(
            Item={
                "message_id": record["Sns"]["MessageId"],
                "to": user["email"],
                "subject": f"Welcome, {user['name']}",
                "recorded_at": int(time.time()),
            }
        )
        logger.info("would send an e-mail to %s", user["email"])
