"""Certificates: which are taken, and what is said of those that are not."""

from pathlib import Path

import pytest

import certificates
from object_syncer.web import tls
from object_syncer.web.watched import Unusable


def test_a_new_certificate_is_taken_up(tmp_path: Path) -> None:
    made = certificates.make(tmp_path)
    contexts = tls.contexts(made.file, made.key)
    before = contexts.value()
    assert contexts.value() is before
    certificates.make(tmp_path)
    assert contexts.value() is not before


def test_while_certificate_and_key_do_not_match_the_former_pair_serves(tmp_path: Path) -> None:
    made = certificates.make(tmp_path)
    other = certificates.make(tmp_path, "other")
    contexts = tls.contexts(made.file, made.key)
    before = contexts.value()
    made.file.write_bytes(other.file.read_bytes())
    assert contexts.value() is before
    made.key.write_bytes(other.key.read_bytes())
    assert contexts.value() is not before


def test_bad_files_are_refused(tmp_path: Path) -> None:
    made = certificates.make(tmp_path)
    other = certificates.make(tmp_path, "other")
    damaged = tmp_path / "damaged"
    damaged.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    for certificate, key, why in (
        (made.key, made.key, "no PEM certificate in it"),
        (made.file, made.file, "no PEM private key in it"),
        (made.file, other.key, "not the key of the certificate"),
        (damaged, made.key, "damaged"),
        (tmp_path / "missing", made.key, "No such file"),
    ):
        with pytest.raises(Unusable, match=why):
            tls.contexts(certificate, key)


def test_a_key_with_a_password_is_refused_at_once_and_not_asked_for(tmp_path: Path) -> None:
    made = certificates.make(tmp_path)
    locked = tmp_path / "locked.key"
    certificates.lock(made.key, locked)
    with pytest.raises(Unusable, match="password"):
        tls.contexts(made.file, locked)
