"""What can go wrong: refusals of the API server, failures of hooks and syncs, a crash of the engine."""


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
    """One sync of one parent failed; the engine retries it later."""


class EngineCrash(Exception):
    """The answer of a hook would have crashed the real engine (a null where it reads an object)."""


class Loop(Exception):
    """The engine would never come to rest."""


def not_found(message: str) -> ApiError:
    """Return a 404: no such kind, namespace or object."""
    return ApiError(404, "NotFound", message)


def conflict(message: str) -> ApiError:
    """Return a 409: the object is another one, or a newer one, than the request meant."""
    return ApiError(409, "Conflict", message)


def already_exists(what: str) -> ApiError:
    """Return a 409: create found an object of that name."""
    return ApiError(409, "AlreadyExists", f"{what} already exists")


def invalid(message: str) -> ApiError:
    """Return a 422: the object breaks a rule of its kind, or an admission policy denied it."""
    return ApiError(422, "Invalid", message)


def forbidden(message: str) -> ApiError:
    """Return a 403: the request is not allowed here or not now."""
    return ApiError(403, "Forbidden", message)


def is_not_found(error: ApiError) -> bool:
    """Tell whether the object, its kind or its namespace does not exist."""
    return error.reason == "NotFound"


def is_conflict(error: ApiError) -> bool:
    """Tell whether somebody else changed the object first."""
    return error.reason == "Conflict"
