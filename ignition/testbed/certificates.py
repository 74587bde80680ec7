# SPDX-License-Identifier: Apache-2.0
"""A certificate authority of one run, created with openssl."""

from __future__ import annotations

from pathlib import Path

from ignition.testbed.programs import need, run


class Authority:
    """A new certificate authority; all its files are below `folder`."""

    def __init__(self, folder: Path, name: str = "Test Authority") -> None:
        self._folder = folder
        self._key = folder / "ca.key"
        self.certificate = folder / "ca.pem"
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-days", "30", "-subj", f"/CN={name}"),
            *("-keyout", str(self._key), "-out", str(self.certificate)),
        )

    @property
    def pem(self) -> bytes:
        """The CA certificate, PEM."""
        return self.certificate.read_bytes()

    def issue(self, *names: str, days: int = 30) -> Path:
        """A new server certificate for these names and addresses, as a PEM file with its key.

        A negative number of `days` makes it expired.
        """
        stem = self._folder / f"server-{names[0]}"
        request, key, bundle = (stem.with_suffix(f".{end}") for end in ("csr", "key", "pem"))
        extensions = stem.with_suffix(".ext")
        kinds = [f"{'IP' if _is_address(name) else 'DNS'}:{name}" for name in names]
        extensions.write_text(f"subjectAltName={','.join(kinds)}\n")
        _openssl(
            *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-subj", f"/CN={names[0]}", "-keyout", str(key), "-out", str(request)),
        )
        _openssl(
            *("x509", "-req", "-days", str(days), "-in", str(request), "-extfile", str(extensions)),
            *("-CA", str(self.certificate), "-CAkey", str(self._key), "-CAcreateserial"),
            *("-out", str(bundle)),
        )
        bundle.write_bytes(bundle.read_bytes() + key.read_bytes())
        return bundle


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()


def _openssl(*arguments: str) -> None:
    need("openssl")
    run(["openssl", *arguments])
