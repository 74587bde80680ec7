# SPDX-License-Identifier: Apache-2.0
"""VMware: the config is a variable of the virtual machine, or a property set when its template was deployed.

`guestinfo.ignition.config.data` and its `.encoding`; each falls back separately to the OVF property of the
same name. Flatcar's names, `coreos.config.data` and `.url` of both, are tried after that.
"""

from __future__ import annotations

from ignition.base.errors import Failure
from ignition.base.origin import Origin
from ignition.resource import body
from ignition.system.vmware import guestinfo, ovf_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext
    from ignition.system.vmware.guestinfo import Guestinfo

NEEDS_NETWORK = False

NAMES = ("ignition.config", "coreos.config")
ENVIRONMENT = "ovfenv"

BASE64 = ("b64", "base64")
GZIP = ("gz", "gzip")
# Encoding -> whether to decode base64, and then whether to decompress gzip.
ENCODINGS = {
    "": (False, False),
    **dict.fromkeys(BASE64, (True, False)),
    **dict.fromkeys(GZIP, (False, True)),
    **{f"{outer}+{inner}": (True, True) for outer in GZIP for inner in BASE64},
}

# "{}" in base64, as Ignition writes it. A variable can be overwritten, but not removed or emptied.
ERASED = b"e30K"


def fetch(ctx: FetchContext) -> bytes:
    """The decoded config; b"" if the machine has none or it was deleted."""
    return read_config(ctx, guestinfo.connect(ctx.settings, ctx.log))


def delete(ctx: FetchContext) -> bool:
    """Makes the config unreadable for the machine, unless it is already.

    False if the hypervisor refuses: hardened machines may not write (`isolation.tools.setInfo.disable`), and
    they boot all the same."""
    return erase_config(ctx, guestinfo.connect(ctx.settings, ctx.log))


def read_config(ctx: FetchContext, variables: Guestinfo) -> bytes:
    """The decoded config in these variables."""
    properties = _properties(ctx, variables)

    def value(key: str) -> bytes:
        found = variables.get(key)
        if found is None:
            found = properties.get(guestinfo.PREFIX + key, "").encode()
        return found

    for name in NAMES:
        if data := value(f"{name}.data"):
            if data == ERASED:
                ctx.log.info(f"{guestinfo.PREFIX}{name}.data was deleted at an earlier boot")
                return b""
            return _decode(name, data, _to_text(value(f"{name}.data.encoding")))
    for name in NAMES:
        if url := value(f"{name}.url"):
            return _fetch_url(ctx, name, _to_text(url).strip())
    # A gzip encoding without data is an error; perhaps the key of the data is misspelled.
    return _decode(NAMES[0], b"", _to_text(value(f"{NAMES[0]}.data.encoding")))


def _to_text(value: bytes) -> str:
    return value.decode(errors="replace")


def erase_config(ctx: FetchContext, variables: Guestinfo) -> bool:
    """Overwrites the variables and removes the OVF properties. Returns whether everything succeeded."""
    done = True
    for name in NAMES:
        data = variables.get(f"{name}.data")
        if data is None or data == ERASED:
            continue
        ctx.log.info(f"overwriting {guestinfo.PREFIX}{name}.data")
        done &= variables.set(f"{name}.data", ERASED)
        if variables.get(f"{name}.data.encoding") not in (b"base64", b"b64"):
            done &= variables.set(f"{name}.data.encoding", b"base64")
    environment = variables.get(ENVIRONMENT)
    if not environment:
        return done
    keys = [
        f"{guestinfo.PREFIX}{name}.{end}" for name in NAMES for end in ("data", "data.encoding")
    ]
    try:
        rest = ovf_environment.remove_properties(environment, keys)
    except ovf_environment.InvalidEnvironment as error:
        raise Failure(
            "IGN5605",
            f"the OVF environment cannot be searched for the config: {error}",
            hint="look at vmware-rpctool 'info-get guestinfo.ovfenv'",
        ) from error
    if rest != environment:
        ctx.log.info("removing the config from the OVF environment")
        done &= variables.set(ENVIRONMENT, rest)
    return done


def _properties(ctx: FetchContext, variables: Guestinfo) -> dict[str, str]:
    """The OVF properties. An unreadable OVF environment is logged and ignored."""
    environment = variables.get(ENVIRONMENT)
    if not environment:
        return {}
    try:
        return ovf_environment.parse_properties(environment)
    except ovf_environment.InvalidEnvironment as error:
        ctx.log.warning(f"going on without the OVF environment: {error}")
        return {}


def _fetch_url(ctx: FetchContext, name: str, url: str) -> bytes:
    from ignition.resource.fetch import fetch_bytes

    return fetch_bytes(ctx, url, origin=Origin(f"{guestinfo.PREFIX}{name}.url"))


def _decode(name: str, data: bytes, encoding: str) -> bytes:
    key = f"{guestinfo.PREFIX}{name}.data"
    if encoding not in ENCODINGS:
        raise Failure(
            "IGN5602",
            f"{key}.encoding is {encoding!r}, which is not a known encoding",
            Origin(key),
            hint="leave it empty, or set it to base64 or gzip+base64",
        )
    base64, gzip = ENCODINGS[encoding]
    if base64:
        try:
            data = body.decode_base64(data)
        except ValueError as error:
            raise Failure(
                "IGN5603",
                f"{key} is not base64, but {key}.encoding says so",
                Origin(key),
                hint=f"{error}; is it truncated?",
            ) from error
    return body.decompress(data, key, Origin(key)) if gzip else data
