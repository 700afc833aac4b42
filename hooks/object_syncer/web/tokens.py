"""Who may call the hooks: those who know a token. Probes need none.

There may be several tokens, so that one can be replaced without a moment in which caller and server disagree.
"""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from object_syncer.web.watched import Unusable, Watched, text

_SHORTEST = 16


def accepted(path: Path) -> Watched[list[bytes]]:
    """Return the digests of the tokens in a file, one token per line."""
    return Watched([path], lambda: _read(path))


def good(header: str, digests: Iterable[bytes]) -> bool:
    """Tell whether an Authorization header, `Bearer TOKEN`, has one of the tokens.

    It is compared with every token, each time as long: neither length nor a common beginning shows in the time.
    """
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
