# SPDX-License-Identifier: Apache-2.0
"""Stands in for ctypes.util in the initramfs.

The original asks ldconfig, the compiler and the linker, none of which is there. The answers of the
machine that built the image are written into the table when the tree is made.
"""

LIBRARIES: dict[str, str] = {}


def find_library(name: str) -> str | None:
    """File name of the shared library, as CDLL takes it."""
    return LIBRARIES.get(name)
