"""The simulator's refusals, with DeepSeek's error object."""

from __future__ import annotations

from typing import NoReturn


class Refusal(Exception):  # noqa: N818 - an answer, not a defect
    """The server refuses the request with an HTTP status.

    `error` is the error object of the answer's body.
    """

    def __init__(self, status: int, message: str, kind: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status = status
        # DeepSeek sends this code whatever the status is.
        self.error = {"message": message, "type": kind, "param": None, "code": "invalid_request_error"}


def refuse_format(problem: str) -> NoReturn:
    """Refuse a body whose JSON does not have the documented form."""
    raise Refusal(422, f"Failed to deserialize the JSON body into the target type: {problem}")
