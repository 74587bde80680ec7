# SPDX-License-Identifier: Apache-2.0
"""A config named on the kernel command line: by URL, or by filesystem label and path.

ignition.config.url=URL
ignition.config.device=LABEL ignition.config.path=PATH
"""

from __future__ import annotations

import os

from ignition.base.errors import Failure, NoProvider
from ignition.base.log import quote
from ignition.base.origin import Origin
from ignition.base.settings import kernel_arguments
from ignition.config import urls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

# Depends on the arguments. Fetching a URL raises NeedNetwork itself.
NEEDS_NETWORK = False

URL = "ignition.config.url"
DEVICE = "ignition.config.device"
PATH = "ignition.config.path"
# Seconds to wait for the device.
DEVICE_TIMEOUT = 30


def fetch(ctx: FetchContext) -> bytes:
    """The config; NoProvider (IGN5001) if the command line names none."""
    arguments = _read_arguments(ctx.settings.kernel_cmdline_path)
    url = _config_url(ctx, arguments)
    device, path = arguments.get(DEVICE, ""), arguments.get(PATH, "")
    if url:
        if device or path:
            ctx.log.warning(f"{URL} is set: ignoring {DEVICE} and {PATH}")
        return _from_url(ctx, url)
    if device and path:
        return _from_device(ctx, device, path)
    if device or path:
        given, missing = (DEVICE, PATH) if device else (PATH, DEVICE)
        raise Failure(
            "IGN5102", f"the kernel command line has {given}= but not {missing}=", _origin(given)
        )
    raise NoProvider("IGN5001", "no config named on the kernel command line")


def _read_arguments(path: str) -> dict[str, str]:
    if not os.access(path, os.R_OK):
        raise Failure("IGN5101", f"cannot read the kernel command line from {path}")
    return kernel_arguments(path)


def _origin(argument: str) -> Origin:
    return Origin(f"{argument}= on the kernel command line")


def _config_url(ctx: FetchContext, arguments: dict[str, str]) -> str:
    """The URL, "" for none. As in Ignition, a value that cannot be parsed as a URL is ignored."""
    if URL not in arguments:
        return ""
    url = arguments[URL]
    if not url:
        ctx.log.info(f"{URL} on the kernel command line is empty: ignoring it")
        return ""
    try:
        urls.parse(url)
    except urls.UrlError as error:
        ctx.log.warning(f"{URL} on the kernel command line is not a URL ({error}): ignoring it")
        return ""
    return url


def _from_url(ctx: FetchContext, url: str) -> bytes:
    if not urls.parse(url).scheme:
        # Ignition fetches nothing and boots without a user config. Nobody wants that, but existing machines
        # may depend on it, so warn loudly instead.
        text = f"{URL} on the kernel command line has no scheme, such as https: there is no config"
        ctx.log.warning(text)
        ctx.progress(text)
        return b""
    from ignition.resource.fetch import fetch_bytes

    return fetch_bytes(ctx, url, origin=_origin(URL))


def _from_device(ctx: FetchContext, label: str, path: str) -> bytes:
    from ignition.providers import configdrive
    from ignition.system import drive

    if label in (".", "..") or "/" in label:
        raise Failure("IGN5103", f"{quote(label)} is not a label", _origin(DEVICE))
    device = os.path.join(ctx.settings.disk_by_label_dir, label)
    if not drive.wait_for_device(device, DEVICE_TIMEOUT, ctx.sleep, ctx.clock):
        raise Failure(
            "IGN5104",
            f"no file system labelled {quote(label)} within {DEVICE_TIMEOUT} s",
            _origin(DEVICE),
            hint=drive.describe_labels(ctx.settings.disk_by_label_dir),
        )

    def reader(_: FetchContext, folder: str) -> bytes:
        data = drive.read_file(folder, path)
        if data is None:
            raise Failure(
                "IGN5105", f"no file {quote(path)} on the file system {quote(label)}", _origin(PATH)
            )
        return data

    return configdrive.read(ctx, device, reader)
