# SPDX-License-Identifier: Apache-2.0
"""The fast path for ordinary configs: the interpreter's C scanner and one walk over the type tables.

It accepts only text that every JSON decoder interprets in the same way: exact keys without repeats, exact
types, no null, no lone surrogates. Anything else is left to the exact path.
"""

from __future__ import annotations

import _json

from ignition.base.record import record
from ignition.config import rules, shapes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ignition.base.errors import Failure
    from ignition.base.finding import Finding
    from ignition.config.document import Document
    from ignition.config.shapes import Shape

_SPACE = " \t\n\r"
# Below this size the memory use of the scanner does not matter.
_SMALL = 1 << 18
_TYPES = {
    shapes.STRING: str,
    shapes.INTEGER: int,
    shapes.BOOLEAN: bool,
    shapes.OBJECT: dict,
    shapes.ARRAY: list,
}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found


class _Scan:
    """The attributes that the C scanner reads from its context object. It decodes NaN and Infinity as floats;
    since no member is a float, the type check rejects them."""

    strict = True
    object_hook = None
    object_pairs_hook = staticmethod(_object)
    parse_float = float
    parse_int = int
    parse_constant = float
    memo: dict[str, str] = {}


_scan: Callable[[str, int], tuple[Any, int]] = _json.make_scanner(_Scan())  # type: ignore[arg-type]


@record
class CheckResult:
    """What checking a config has found.

    findings  errors and warnings, in Ignition's order
    refusal   why Ignition refuses the config, in its own words; "" for an accepted config
    version   the spec version of the config, "" if unknown
    value     the canonical value in that version, None for a refused config
    failure   the exception for a refused config, None for an accepted one
    document  the text with positions; None after the fast path, and for text that no rule can be applied to
    """

    findings: list[Finding]
    refusal: str
    version: str
    value: dict[str, Any] | None
    failure: Failure | None
    document: Document | None = None


def check(data: bytes) -> CheckResult | None:
    """The result for a config without any finding; None when positions are needed, or when in doubt."""
    parsed = parse(data)
    if parsed is None or next(iter(rules.findings(*parsed)), None) is not None:
        return None
    value, version = parsed
    return CheckResult([], "", version, value, None)


def parse(data: bytes) -> tuple[dict[str, Any], str] | None:
    """The canonical value of a config and its spec version, without applying rules; None when in doubt."""
    if len(data) > _SMALL and _needs_much_memory(data):
        return None
    try:
        text = data.decode("utf-8")
        if "\\ud" in text or "\\uD" in text:
            return None
        value, end = _scan(text, len(text) - len(text.lstrip(_SPACE)))
    except (ValueError, StopIteration, SystemError, ImportError, RecursionError):
        # Without json.decoder loaded, the scanner cannot raise JSONDecodeError and fails in other ways.
        return None
    if text[end:].strip(_SPACE) or type(value) is not dict:
        return None
    ignition = value.get("ignition")
    version = ignition.get("version") if type(ignition) is dict else None
    if version not in shapes.VERSIONS or not _fits(value, shapes.for_version(version)):
        return None
    return value, version


def _needs_much_memory(data: bytes) -> bool:
    """Whether the C scanner would need much more memory than the text has bytes: for many small containers,
    or for non-ASCII text, whose str takes up to four bytes per character."""
    return data.count(b"{") + data.count(b"[") > len(data) // 8 or not data.isascii()


def _fits(value: dict[str, Any], shape: Shape) -> bool:
    """Whether an object has only known members of exactly the right types."""
    members = shape.members
    for key, item in value.items():
        member, found = members.get(key), type(item)
        if member is None or found is not _TYPES[member.kind]:
            return False
        kind, below = member.kind, member.shape
        if kind == shapes.ARRAY:
            for entry in item:
                if below is None:
                    if type(entry) is not str:
                        return False
                elif type(entry) is not dict or not _fits(entry, below):
                    return False
        elif below is not None:
            if not _fits(item, below):
                return False
        elif kind == shapes.INTEGER and not -(1 << 63) <= item < 1 << 63:
            return False
    return True
