"""Log lines, as text or as JSON. They hold sizes, times, names and words of ours, never contents of objects.

Exceptions are named by type and place, because their messages may quote an object.
"""

import logging
import re
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

import orjson
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from object_syncer.kube import defects
from object_syncer.web.call import DEFECT, Call, known

FORMATS = ("text", "json")

REQUEST_ID = "X-Request-Id"
"""The header in which a request may bring its id, and an answer names it."""

_log = logging.getLogger("object_syncer.hooks")

_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(given: str) -> str:
    """Return the id that a request came with, or a new one if that is none."""
    return given if _GOOD_ID.fullmatch(given) else token_hex(8)


def answered(call: Call) -> None:
    """Log a request that reached its hook: at debug, or as a warning (400) or an error (500)."""
    level = logging.ERROR if call.error == DEFECT else logging.WARNING if call.error else logging.DEBUG
    if _log.isEnabledFor(level):
        outcome = f"failed: {call.place}" if call.place else call.error or "answered"
        _log.log(level, "%s %s", call.path, outcome, extra={"details": call.details()})


def refused(path: str, kind: str, request: str) -> None:
    """Log a request that did not reach its hook; at info, since anybody can send thousands."""
    _log.info("%s %s", known(path), kind, extra={"details": {"request": request, "path": known(path), "error": kind}})


def configure(level: str, form: str) -> None:
    """Send the lines of all loggers to standard error, in one of FORMATS."""
    handler = logging.StreamHandler()
    handler.setFormatter(Json() if form == "json" else Text())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


class Text(logging.Formatter):
    """One line: time, level, logger, message, and key=value for each detail."""

    def format(self, record: logging.LogRecord) -> str:
        """Called by logging."""
        details = "".join(f" {key}={value}" for key, value in _details(record).items())
        # Line breaks would let a message look like two.
        message = _message(record).replace("\r", "\\r").replace("\n", "\\n")
        return f"{_time(record)} {record.levelname} {record.name}: {message}{details}"


class Json(logging.Formatter):
    """One JSON object: time, level, logger, message, and the details."""

    def format(self, record: logging.LogRecord) -> str:
        """Called by logging."""
        line = {"time": _time(record), "level": record.levelname.lower(), "logger": record.name}
        return orjson.dumps(line | {"message": _message(record)} | _details(record)).decode()


class ServerLogger(Logger):  # type: ignore[misc]
    """gunicorn's logger without handlers of its own."""

    def setup(self, cfg: Any) -> None:
        """Called by gunicorn."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    message = str(_named(record.msg))
    arguments = tuple(map(_named, record.args)) if isinstance(record.args, tuple) else record.args
    return message % arguments if arguments else message


def _named(item: object) -> object:
    return defects.place(item) if isinstance(item, BaseException) else item


def _details(record: logging.LogRecord) -> dict[str, Any]:
    details: dict[str, Any] = getattr(record, "details", {})
    raised = record.exc_info[1] if record.exc_info else None
    return details | {"raised": defects.place(raised)} if raised else details
