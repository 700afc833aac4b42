"""Who may call the hooks: those who know a token. Probes need none.

There may be several tokens, so that one can be replaced without a moment in which caller and server disagree.
"""

import hmac
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from object_syncer.web.watched import Unusable, Watched, text

OPEN = frozenset({"/healthz", "/metrics", "/readyz"})
"""Paths that the kubelet and Prometheus ask for; they say nothing about anybody's objects."""

_SHORTEST = 16

_CHUNK = 1 << 20

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def accepted(path: Path) -> Watched[list[bytes]]:
    """Return the digests of the tokens in a file, one token per line."""
    return Watched([path], lambda: _read(path))


def require(app: Wsgi, tokens: Watched[list[bytes]]) -> Wsgi:
    """Return the app behind a check of `Authorization: Bearer TOKEN`; whoever has no good token gets a 401."""

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in OPEN or _good(environ.get("HTTP_AUTHORIZATION", ""), tokens.value()):
            return app(environ, start_response)
        while environ["wsgi.input"].read(_CHUNK):  # else the connection breaks, and the caller sees no 401
            pass
        body = orjson.dumps({"error": "no good token in the Authorization header"})
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("WWW-Authenticate", "Bearer"),
        ]
        start_response("401 Unauthorized", headers)
        return [body]

    return guarded


def _good(header: str, digests: Iterable[bytes]) -> bool:
    """Compare with every token, each time as long: neither length nor a common beginning shows in the time."""
    scheme, _, token = header.partition(" ")
    given = _digest(token.strip())
    matches = [hmac.compare_digest(given, digest) for digest in digests]
    return scheme.lower() == "bearer" and any(matches)


def _digest(token: str) -> bytes:
    return sha256(token.encode("latin-1", "replace")).digest()


def _read(path: Path) -> list[bytes]:
    digests = []
    for number, line in enumerate(text(path).splitlines(), 1):
        token = line.strip()
        if not token:
            continue
        if len(token) < _SHORTEST:
            raise Unusable(f"{path}: line {number}: a token of less than {_SHORTEST} characters can be guessed")
        if len(token.split()) > 1:
            raise Unusable(f"{path}: line {number}: a token has no spaces in it; one token per line")
        digests.append(_digest(token))
    if not digests:
        raise Unusable(f"{path}: no token in it; one per line")
    return digests
