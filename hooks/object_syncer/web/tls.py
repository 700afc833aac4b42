"""HTTPS: the server's certificate and its key, taken up anew when they are rotated."""

import ssl
from pathlib import Path

from object_syncer.web.watched import Unusable, Watched, text


def contexts(certificate: Path, key: Path) -> Watched[ssl.SSLContext]:
    """Return the TLS settings of new connections: at least TLS 1.2, with this certificate (chain) and key."""
    return Watched([certificate, key], lambda: _context(certificate, key))


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    if "-----BEGIN CERTIFICATE-----" not in text(certificate):
        raise Unusable(f"{certificate}: no PEM certificate in it")
    if "PRIVATE KEY-----" not in text(key):
        raise Unusable(f"{key}: no PEM private key in it")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (ssl.SSLError, OSError, ValueError) as error:
        if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
            raise Unusable(f"{key}: not the key of the certificate in {certificate}") from None
        why = "they are damaged or the key has a password"
        raise Unusable(f"{certificate} and {key} cannot be used: {why}") from None
    return context
