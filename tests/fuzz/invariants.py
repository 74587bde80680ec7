# SPDX-License-Identifier: Apache-2.0
"""What must hold whatever bytes are given as a config: with `hold`, for one text.

No exception. No hang: the bound is a second of CPU for each 100 kB on a quiet machine, and a test on a busy
one allows five. At most 20 times the text plus 32 MiB of memory. A refusal has a code and an address. The
quick path never judges otherwise than the exact one. An accepted config can be translated, written to the
cache, and read back from there as the same.

The bound on memory is held for texts up to 100 kB. A longer one with a fault in every third byte takes up to
300 bytes for each of its own, since each fault is a finding with a place.
"""

from __future__ import annotations

import resource

from ignition.base.errors import EmptyConfig, Failure, InvalidConfig
from ignition.base.finding import ERROR, WARNING, Finding
from ignition.config import check as checking
from ignition.config import codes, decode, document, dump, exact, fast, merge, parse, shapes, unused

SOURCE = "fuzz.ign"
SECONDS_PER_100_KB = 5.0
MEMORY_PER_BYTE, MEMORY_ALWAYS = 20, 32 << 20


def seconds_allowed(data: bytes) -> float:
    """CPU time that reading a text may take."""
    return SECONDS_PER_100_KB * max(1.0, len(data) / 100_000)


def memory_allowed(data: bytes) -> int:
    """Bytes of memory that reading a text may take."""
    return MEMORY_PER_BYTE * len(data) + MEMORY_ALWAYS


def hold(data: bytes) -> fast.CheckResult:
    """Asserts all of the above for one text, and returns what the check said."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    exactly = exact.check(data, SOURCE)
    after = resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent <= seconds_allowed(data), f"{spent:.1f} s of CPU for {len(data)} bytes"
    # The peak only ever rises: of many texts, the first greedy one shows.
    grown = (after.ru_maxrss - before.ru_maxrss) * 1024
    assert grown <= memory_allowed(data), f"{grown} bytes of memory for {len(data)}"
    checked = checking.check(data, SOURCE)
    agree(checked, exactly)
    readers_agree(data)
    if checked.failure is None:
        accepted(data, checked)
    else:
        refused(data, checked, checked.failure)
    for finding in checked.findings:
        addressed(finding, exactly)
    return checked


def agree(checked: fast.CheckResult, exactly: fast.CheckResult) -> None:
    """The verdict of the quick path, where it comes to one, is that of the exact one."""
    assert checked.findings == exactly.findings
    assert checked.refusal == exactly.refusal
    assert checked.version == exactly.version
    # As text: True equals 1 otherwise.
    assert repr(checked.value) == repr(exactly.value)


def readers_agree(data: bytes) -> None:
    """What the quick reader takes, the exact one reads alike, and finds no unused key in it."""
    quick = fast.parse(data)
    if quick is not None:
        value, version = quick
        text = document.parse(data, SOURCE)
        assert repr(decode.decode(text.root, shapes.for_version(version))) == repr(value)
        assert not list(unused.unused_keys(text, value, version))


def refused(data: bytes, checked: fast.CheckResult, failure: Failure) -> None:
    """A refusal says why, with a code and an address."""
    assert checked.refusal == failure.text
    assert failure.code.startswith("IGN1")
    assert failure.origin is not None
    assert failure.origin.source == SOURCE
    assert checked.value is None
    if isinstance(failure, EmptyConfig):
        assert not data
    else:
        assert isinstance(failure, InvalidConfig)
        reasons = [each for each in failure.findings if each.severity == ERROR]
        # Of a missing or unknown version Ignition has no finding: the failure itself has the place.
        assert reasons or failure.origin.pointer == "/ignition/version"


def addressed(finding: Finding, exactly: fast.CheckResult) -> None:
    """A finding has a code, words, and a place; without a place only where Ignition loses all of them."""
    if finding.code == codes.MORE_FINDINGS:
        assert finding == exactly.findings[-1]
        return
    assert finding.code.startswith("IGN1")
    assert finding.severity in (ERROR, WARNING)
    assert finding.message
    assert finding.origin.source == SOURCE
    lost = exactly.document is not None and not exactly.document.has_positions
    assert (finding.origin.line > 0 and finding.origin.column > 0) or lost
    assert str(finding).startswith(f"{finding.severity} at " if not lost else finding.severity)


def accepted(data: bytes, checked: fast.CheckResult) -> None:
    """An accepted config goes on to the newest spec, to the cache, and comes back from there."""
    assert not any(finding.severity == ERROR for finding in checked.findings)
    parsed = parse.parse(data, SOURCE)
    assert parsed.findings == checked.findings
    merged = merge.merge(dump.empty(), parsed.value)
    parse.validate_rendered(merged)
    cached = dump.cache_text(merged)
    again = exact.check(cached.encode("utf-8", "surrogatepass"), SOURCE)
    if again.value is not None:
        assert dump.cache_text(again.value) == cached
