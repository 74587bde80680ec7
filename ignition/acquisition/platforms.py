# SPDX-License-Identifier: Apache-2.0
"""Finding the provider of a platform, by name: the engine never imports its edges."""

from __future__ import annotations

import sys

from ignition.base.errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PACKAGE = "ignition.providers"


def canonical(platform: str) -> str:
    """The id that a given one stands for: `pxe` is `metal`."""
    name: str = _module(_PACKAGE).canonical_id(platform)
    return name


def provider(platform: str) -> Any:
    """The provider of a platform id. Failure IGN5003 for one that this initramfs was built without."""
    table: dict[str, str] = _module(_PACKAGE).MODULES
    return source(table[platform])


def source(name: str) -> Any:
    """A module of the providers' folder: of a platform, or a source that is asked on all of them."""
    try:
        return _module(f"{_PACKAGE}.{name}")
    except ImportError as error:
        raise Failure(
            "IGN5003",
            f"the provider {name} is not in this initramfs ({error})",
            hint="name the platform in ignition_platforms when the initramfs is built",
        ) from error


def _module(name: str) -> Any:
    __import__(name)
    return sys.modules[name]
