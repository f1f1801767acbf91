"""What an exception of a request says: a status, or a connection that failed."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from nbstream.client.connections import StatusError
from nbstream.language import _
from nbstream.model.failure import Failure
from nbstream.model.printable import one_line
from nbstream.wire import server_errors

if TYPE_CHECKING:
    from nbstream.client.endpoints import Endpoint
    from nbstream.client.redaction import KeyRedactor
    from nbstream.model.failure import FailureCause


def failure_of(error: Exception, endpoint: Endpoint, redactor: KeyRedactor, *, began: bool) -> Failure:
    """Return the failure that `error` is, without keys.

    Args:
        error: an exception of the SDK or of a connection.
        endpoint: the server.
        redactor: removes the keys of the request.
        began: whether the response had begun.
    """
    # A broken body raises an exception of httpx or, in version 3, of httpx2; neither is imported
    # here. A failed connection raises an exception of the SDK.
    refusal = refusal_in(error)
    failure = _refused(refusal, endpoint) if refusal is not None else _broken(error, endpoint, began=began)
    return redactor.redact_fields(failure)


def refusal_in(error: Exception) -> StatusError | None:
    """Return the status other than 2xx that an exception of a request tells, if it does."""
    # Version 2 of the SDK wraps the exception of a hook, version 3 does not.
    refusal = error if isinstance(error, StatusError) else error.__cause__
    return refusal if isinstance(refusal, StatusError) else None


def _refused(refusal: StatusError, endpoint: Endpoint) -> Failure:
    status, headers = refusal.status, refusal.headers
    failure = server_errors.from_status(status, refusal.text, endpoint.server)
    if 300 <= status < 400:  # noqa: PLR2004  (HTTP's redirects)
        target = _target(endpoint.base_url, headers.get("location", ""))
        failure = replace(failure, cause="redirect", said=target)
    elif failure.cause == "path" and endpoint.path_url.endswith("/v1"):
        failure = replace(failure, cause="other_path")
    asked = _retry_after(headers.get("retry-after-ms"), headers.get("retry-after"))
    return failure if asked is None else replace(failure, retry_after=asked)


def _broken(error: Exception, endpoint: Endpoint, *, began: bool) -> Failure:
    cause = error.__cause__ or error.__context__ or error
    said = one_line(str(cause)).rstrip(".") or type(cause).__name__
    if began:
        return Failure("disconnected", "connection", endpoint.server, said)
    own: FailureCause = "loopback" if endpoint.on_loopback else ""
    return Failure("unreachable", _tls_cause(str(cause)) or own, endpoint.server, said)


def _tls_cause(said: str) -> FailureCause:
    """Return the fault of a server's certificate or protocol; empty if there is none.

    The exceptions of httpx and its successor have only the text of the error of `ssl`.
    """
    if "CERTIFICATE_VERIFY_FAILED" in said:
        is_other = re.search("hostname mismatch|IP address mismatch|expired|not yet valid", said, re.IGNORECASE)
        return "certificate" if is_other else "untrusted"
    return "not_tls" if re.search("WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|UNKNOWN_PROTOCOL", said) else ""


def _target(base_url: str, location: str) -> str:
    """Return the target of a redirect up to its path; a query may repeat parts of the request."""
    try:
        parts = urlsplit(urljoin(base_url, location))
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return _("another address")
    return one_line(f"{parts.scheme}://{host}{parts.path}") if location and host else _("another address")


def _retry_after(milliseconds: str | None, value: str | None) -> float | None:
    """Return the seconds of `Retry-After` (RFC 9110, 10.2.3) or `retry-after-ms`, or None."""
    try:
        if milliseconds:
            return max(0.0, float(milliseconds) / 1000)
        if value:
            return max(0.0, float(value))
    except ValueError:
        try:
            date = parsedate_to_datetime(value or "")
        except (TypeError, ValueError):
            return None
        # Of the three formats that a recipient must accept, one has no time zone and means UTC (RFC
        # 9110, 5.6.7).
        date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - time.time())
    return None
