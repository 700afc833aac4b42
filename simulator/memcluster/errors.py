"""What can go wrong in the simulation: refusals of the API server, failures of hooks, a dead engine."""


class ApiError(Exception):
    """The API server refused a request: an HTTP code, Kubernetes' reason for it, a message."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.code = code
        self.reason = reason
        self.message = message


class HookError(Exception):
    """A hook did not answer 200; with `retry_after` it answered 429 and that many seconds."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SyncError(Exception):
    """One sync of one parent failed; the engine tries it again later."""


class EngineCrash(Exception):
    """The answer of a hook would have ended the real engine's process (a null where it reads an object)."""


def not_found(what: str) -> ApiError:
    """404: no such kind, namespace or object."""
    return ApiError(404, "NotFound", what)


def conflict(message: str) -> ApiError:
    """409: the object is another one, or a newer one, than the request meant."""
    return ApiError(409, "Conflict", message)


def already_exists(what: str) -> ApiError:
    """409: create found an object of that name."""
    return ApiError(409, "AlreadyExists", f"{what} already exists")


def invalid(message: str) -> ApiError:
    """422: the object breaks a rule of its kind, or an admission policy denied it."""
    return ApiError(422, "Invalid", message)


def forbidden(message: str) -> ApiError:
    """403: not now, not here, or not by you."""
    return ApiError(403, "Forbidden", message)
