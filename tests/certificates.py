"""Certificates for tests, made by the openssl program."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """A self-signed server certificate for 127.0.0.1 and its key; it is its own CA."""

    file: Path
    key: Path


def make(directory: Path, name: str = "server") -> Certificate:
    """Write NAME.crt and NAME.key to the directory, over what is there."""
    made = Certificate(directory / f"{name}.crt", directory / f"{name}.key")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subject = ["-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *subject, "-keyout", made.key, "-out", made.file], check=True, capture_output=True)
    return made


def lock(key: Path, locked: Path) -> None:
    """Write the key to `locked`, with a password."""
    command = ["openssl", "ec", "-in", str(key), "-aes256", "-passout", "pass:secret", "-out", str(locked)]
    subprocess.run(command, check=True, capture_output=True)
