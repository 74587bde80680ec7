# SPDX-License-Identifier: Apache-2.0
"""Reading the config cache: quickly if it is what the fetch phase wrote, else as the original reads it.

There is no validation, as there is none there: a cache written by hand may say what it likes, if it has the
types of the newest spec.
"""

from __future__ import annotations

from ignition.base import gojson
from ignition.base.errors import Failure, InvalidConfig
from ignition.base.files import STATE_LIMIT, read_regular
from ignition.resource import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read(path: str, expected: object) -> tuple[dict[str, Any], bool]:
    """The cached config, and whether it is the one with the SHA-512 sum `expected`.

    Failure IGN4121 when it cannot be read, IGN4122 when it is not a config.
    """
    try:
        data = read_regular(path, STATE_LIMIT, follow=True)
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise Failure(
            "IGN4121",
            f"failed to acquire config: open {path}: {reason}",
            hint="a fetch phase writes it, and must run before this one",
        ) from error
    if digest.sha512(data) == expected:
        return gojson.loads(data.decode("utf-8", "surrogatepass")), True
    return _decode(data, path), False


def _decode(data: bytes, path: str) -> dict[str, Any]:
    # Only a cache written by somebody else comes here.
    from ignition.config import decode, document, shapes

    try:
        return decode.decode(document.parse(data, path).root, shapes.for_version(shapes.NEWEST))
    except InvalidConfig as failure:
        reason = failure.findings[0].message if failure.findings else failure.text
    except decode.TypeMismatch as fault:
        reason = fault.text
    raise Failure("IGN4122", f"failed to parse cached config: {reason}")
