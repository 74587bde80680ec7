# SPDX-License-Identifier: Apache-2.0
"""Gives the curl that Clevis runs for Tang what the engine's own fetches have: the config's proxies and
certificate authorities, and a time limit.

curl takes proxies from its environment, and everything else from `.curlrc` in the folder CURL_HOME.
"""

from __future__ import annotations

import binascii
import os

from ignition.config import urls
from ignition.resource import proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ignition.engine.context import PhaseContext
    from ignition.resource.context import Transport

# Seconds for an answer of a Tang server. The answers are small, and each server has answered before.
_ANSWER = 60
_CONNECT = 10
# Where distributions keep the certificates that curl trusts by default.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
_PORTS = {"http": 80, "https": 443}


class Environment:
    """A context manager that yields the environment for a program that runs curl.

    `servers` are the URLs that it asks. Files are below RUN_DIR, in memory, and removed at the end. Only one
    at a time may be in use.
    """

    __slots__ = ("_context", "_folder", "_servers")

    def __init__(self, context: PhaseContext, servers: Sequence[str]) -> None:
        self._context = context
        self._servers = servers
        self._folder = os.path.join(context.settings.run_dir, "curl")

    def __enter__(self) -> dict[str, str]:
        fetching = self._context.fetch_context
        transport = fetching.transport
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        options = _limits(transport.headers, fetching.time_limit())
        if transport.authorities:
            bundle = self._write("authorities.pem", _bundle(transport.authorities))
            options += [f'cacert = "{bundle}"', f'proxy-cacert = "{bundle}"']
        self._write(".curlrc", ("\n".join(options) + "\n").encode())
        # As for the engine's fetches, only the config names proxies.
        kept = {
            name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")
        }
        return {**kept, "CURL_HOME": self._folder, **proxies(transport, self._servers)}

    def __exit__(self, *_: object) -> None:
        for name in os.listdir(self._folder):
            os.unlink(os.path.join(self._folder, name))
        os.rmdir(self._folder)

    def _write(self, name: str, data: bytes) -> str:
        path = os.path.join(self._folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return path


def _limits(headers: int, total: float) -> list[str]:
    """The time limits. `httpResponseHeaders: 0` of the config means none but `total`, where 0 is none too."""
    limits = [limit for limit in (headers and max(_ANSWER, headers), total) if limit]
    return [f"connect-timeout = {_CONNECT}", *(f"max-time = {min(limits):g}" for _ in limits[:1])]


def proxies(transport: Transport, servers: Iterable[str]) -> dict[str, str]:
    """The variables for curl: `http_proxy`, `https_proxy`, and `no_proxy` with the hosts of these URLs to
    which the config's noProxy applies. curl has other rules for domains and ports."""
    found = {"http_proxy": transport.http_proxy, "https_proxy": transport.https_proxy}
    direct = []
    for server in servers:
        try:
            parts = urls.parse(server)
        except ValueError:
            continue
        port = int(parts.port() or _PORTS.get(parts.scheme, 0))
        if proxy.is_bypassed(transport.no_proxy, parts.hostname(), port):
            direct.append(parts.hostname())
    found["no_proxy"] = ",".join(dict.fromkeys(direct))
    return {name: value for name, value in found.items() if value}


def user_and_password(url: str) -> tuple[str, ...]:
    """The texts of a URL that must not be shown."""
    try:
        userinfo = urls.parse(url).userinfo
    except ValueError:
        return ()
    return (f"{userinfo}@",) if userinfo else ()


def _bundle(authorities: tuple[bytes, ...]) -> bytes:
    """The certificates of the system and these (DER), as PEM."""
    text = b""
    for path in _BUNDLES:
        try:
            with open(path, "rb") as file:
                text = file.read() + b"\n"
                break
        except OSError:
            continue
    return text + b"".join(map(_pem, authorities))


def _pem(certificate: bytes) -> bytes:
    lines = [
        binascii.b2a_base64(certificate[start : start + 48])
        for start in range(0, len(certificate), 48)
    ]
    body = b"".join(lines)
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"
