# SPDX-License-Identifier: Apache-2.0
"""Replaces ctypes.util in the initramfs.

The real module runs ldconfig, the compiler or the linker, which an initramfs does not have. The build fills
the table with the results of the build machine.
"""

LIBRARIES: dict[str, str] = {}


def find_library(name: str) -> str | None:
    """The file name of the shared library, for CDLL."""
    return LIBRARIES.get(name)
