# SPDX-License-Identifier: Apache-2.0
"""Which proxy serves a target, by `ignition.proxy` alone: the environment is never asked.

The rules of noProxy are those of Go's library.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from ignition.resource.context import Transport


def proxy_for(transport: Transport, scheme: str, host: str, port: int) -> str:
    """URL of the proxy for a target, "" for none. `host` is without brackets."""
    proxy = transport.https_proxy if scheme == "https" else transport.http_proxy
    if not proxy or is_bypassed(transport.no_proxy, host, port):
        return ""
    return proxy


def is_bypassed(entries: tuple[str, ...], host: str, port: int) -> bool:
    """Whether a target is reached directly: by an entry, or because it is this machine."""
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    host = ascii_host(host)
    # The original joins the entries with commas and splits them again, so one entry may hold several.
    for entry in ",".join(entries).split(","):
        entry = entry.strip().lower()
        if entry == "*":
            return True
        if entry and _matches(entry, host, address, port):
            return True
    return False


def ascii_host(host: str) -> str:
    """A host name in lower case and IDNA form, in which names are compared."""
    host = host.lower()
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _matches(entry: str, host: str, address: IPv4Address | IPv6Address | None, port: int) -> bool:
    """Names are held against addresses too, as in Go: `.0.1` is the end of 10.0.0.1."""
    import ipaddress

    if "/" in entry:
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
        bits = entry.rpartition("/")[2]  # the library takes masks too
        return bits.isdigit() and address is not None and address in network
    name, wanted_port = _split_port(entry)
    if wanted_port and wanted_port != str(port):
        return False
    literal = _address(name)
    if literal is not None:
        return literal == address
    name = name.removeprefix("*") if name.startswith("*.") else name
    if name.strip(".") == "":
        return False
    domain = "." + ascii_host(name.removeprefix("."))
    return host.endswith(domain) or (host == domain[1:] and not name.startswith("."))


def _split_port(entry: str) -> tuple[str, str]:
    """`name:80`, `1.2.3.4:80` or `[::1]:80` in its parts; no port where there is none, as in `::1`, or where
    it is empty."""
    name, colon, port = entry.rpartition(":")
    if colon and name.startswith("[") and name.endswith("]"):
        return name[1:-1], port
    return (name, port) if colon and ":" not in name else (entry, "")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The IP address that a text is, or None for a name."""
    if not text or (":" not in text and not text.replace(".", "").isdigit()):
        return None
    import ipaddress

    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
