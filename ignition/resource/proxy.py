# SPDX-License-Identifier: Apache-2.0
"""Chooses the proxy for a URL, from `ignition.proxy` of the config alone and never from the environment.

The rules for noProxy entries are those of Go's golang.org/x/net/http/httpproxy.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from ignition.resource.context import Transport


def proxy_for(transport: Transport, scheme: str, host: str, port: int) -> str:
    """The URL of the proxy for a target, "" for none. `host` has no brackets."""
    proxy = transport.https_proxy if scheme == "https" else transport.http_proxy
    if not proxy or is_bypassed(transport.no_proxy, host, port):
        return ""
    return proxy


def is_bypassed(entries: tuple[str, ...], host: str, port: int) -> bool:
    """Whether to connect directly: an entry matches, or the target is this machine."""
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    host = ascii_host(host)
    # Ignition joins the entries with commas and splits them again, so one entry may hold several.
    for entry in ",".join(entries).split(","):
        entry = entry.strip().lower()
        if entry == "*":
            return True
        if entry and _matches(entry, host, address, port):
            return True
    return False


def ascii_host(host: str) -> str:
    """A host name in lower case and IDNA form, for comparison."""
    host = host.lower()
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _matches(entry: str, host: str, address: IPv4Address | IPv6Address | None, port: int) -> bool:
    """Name patterns also match addresses, as in Go: `.0.1` matches 10.0.0.1."""
    import ipaddress

    if "/" in entry:
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
        bits = entry.rpartition("/")[2]  # ipaddress accepts netmasks, Go does not
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
    """Splits `name:80`, `1.2.3.4:80` or `[::1]:80`. The port is "" if it is empty or missing, as in `::1`."""
    name, colon, port = entry.rpartition(":")
    if colon and name.startswith("[") and name.endswith("]"):
        return name[1:-1], port
    return (name, port) if colon and ":" not in name else (entry, "")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Parses an IP address; None for a name."""
    if not text or (":" not in text and not text.replace(".", "").isdigit()):
        return None
    import ipaddress

    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
