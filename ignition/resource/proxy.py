# SPDX-License-Identifier: Apache-2.0
"""Which proxy serves a target, by `ignition.proxy` alone: the environment is never asked.

Rules of noProxy: engine-run 5.3.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from ignition.resource.context import Transport


def choose(transport: Transport, scheme: str, host: str, port: int) -> str:
    """URL of the proxy for a target, "" for none. `host` is without brackets."""
    proxy = transport.https_proxy if scheme == "https" else transport.http_proxy
    if not proxy or bypassed(transport.no_proxy, host, port):
        return ""
    return proxy


def bypassed(entries: tuple[str, ...], host: str, port: int) -> bool:
    """Whether a target is reached directly: by an entry, or because it is this machine."""
    host = ascii_host(host)
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
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
    host = host.rstrip(".").lower()
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _matches(entry: str, host: str, address: IPv4Address | IPv6Address | None, port: int) -> bool:
    import ipaddress

    if "/" in entry:
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
        return address is not None and address in network
    name, wanted_port = _split_port(entry)
    if wanted_port and wanted_port != port:
        return False
    literal = _address(name)
    if literal is not None:
        return literal == address
    if not name or address is not None:
        return False
    if name.startswith("*."):
        name = name[1:]
    if name.startswith("."):
        return len(name) > 1 and host.endswith(ascii_host(name))
    name = ascii_host(name)
    return host == name or host.endswith("." + name)


def _split_port(entry: str) -> tuple[str, int]:
    """`name:80`, `1.2.3.4:80` or `[::1]:80` in its parts; port 0 where there is none."""
    if entry.startswith("["):
        name, bracket, rest = entry[1:].partition("]")
        port = rest.removeprefix(":")
        return name, _number(port) if bracket else 0
    name, colon, port = entry.rpartition(":")
    if colon and ":" not in name and _number(port):
        return name, _number(port)
    return entry, 0


def _number(port: str) -> int:
    """The port that a text is, 0 for none."""
    return int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 0


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The IP address that a text is, or None for a name."""
    if not text or (":" not in text and not text.replace(".", "").isdigit()):
        return None
    import ipaddress

    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
