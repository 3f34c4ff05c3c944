"""Clients of AWS, whose errors say what, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from modelport.errors import ModelportError


class AwsError(ModelportError):
    """AWS refuses, or cannot be reached.

    Attributes:
        problem: what it says.
    """

    def __init__(self, about: str, problem: str):
        super().__init__(f"{about}\n  {problem}")
        self.problem = problem


@contextmanager
def client(service: str, region: str, about: str, gone: tuple[str, ...] = (), **waiting: Any) -> Iterator[Any]:
    """A client of a service in a region, with the credentials that boto3 finds.

    Args:
        about: what is asked for, for messages.
        gone: codes of errors that end the block in silence: what it is about is not there.
        waiting: how long it waits, and how often it tries, in the words of botocore's `Config`.

    Raises:
        AwsError: anything else that AWS or boto3 says.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        remedy = "Install it: pip install 'modelport[aws]'"
        raise AwsError(about, f"needs boto3, which is not installed. {remedy}") from None
    try:
        yield boto3.client(service, region_name=region, config=Config(**waiting))
    except ClientError as error:
        if error.response["Error"]["Code"] not in gone:
            raise AwsError(about, str(error)) from error
    except BotoCoreError as error:
        raise AwsError(about, str(error)) from error
