# SPDX-License-Identifier: Apache-2.0
"""Invariants of reading a config, for any input; `hold` checks one.

- No exception.
- No hang: on an idle machine at most one CPU second per 100 kB; tests on a busy machine allow five.
- At most 20 bytes of memory per byte of input, plus 32 MiB. This holds for inputs up to 100 kB: a longer one
  with an error in every third byte takes up to 300 bytes per byte, since each error is a finding.
- A refusal has a code and a position.
- The fast path and the exact path agree.
- An accepted config can be translated and cached, and is the same when read back from the cache.
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
    """The CPU time limit for reading an input, in seconds."""
    return SECONDS_PER_100_KB * max(1.0, len(data) / 100_000)


def memory_allowed(data: bytes) -> int:
    """The memory limit for reading an input, in bytes."""
    return MEMORY_PER_BYTE * len(data) + MEMORY_ALWAYS


def hold(data: bytes) -> fast.CheckResult:
    """Asserts all invariants for one input, and returns the result of the check."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    exactly = exact.check(data, SOURCE)
    after = resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent <= seconds_allowed(data), f"{spent:.1f} s of CPU for {len(data)} bytes"
    # The peak never falls: the first input that exceeds the limit is reported.
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
    """If the fast path has a verdict, the exact path has the same."""
    assert checked.findings == exactly.findings
    assert checked.refusal == exactly.refusal
    assert checked.version == exactly.version
    # Compared as text, because True == 1.
    assert repr(checked.value) == repr(exactly.value)


def readers_agree(data: bytes) -> None:
    """If the fast reader accepts an input, the exact reader returns the same value and no unused keys."""
    quick = fast.parse(data)
    if quick is not None:
        value, version = quick
        text = document.parse(data, SOURCE)
        assert repr(decode.decode(text.root, shapes.for_version(version))) == repr(value)
        assert not list(unused.unused_keys(text, value, version))


def refused(data: bytes, checked: fast.CheckResult, failure: Failure) -> None:
    """A refusal has a reason, a code and a position."""
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
        # For a missing or unknown version Ignition has no finding, so the failure itself has the position.
        assert reasons or failure.origin.pointer == "/ignition/version"


def addressed(finding: Finding, exactly: fast.CheckResult) -> None:
    """A finding has a code, a message and a position, unless Ignition loses all positions."""
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
    """An accepted config can be translated to the newest spec, cached, and read back from the cache."""
    assert not any(finding.severity == ERROR for finding in checked.findings)
    parsed = parse.parse(data, SOURCE)
    assert parsed.findings == checked.findings
    merged = merge.merge(dump.empty(), parsed.value)
    parse.validate_rendered(merged)
    cached = dump.cache_text(merged)
    again = exact.check(cached.encode("utf-8", "surrogatepass"), SOURCE)
    if again.value is not None:
        assert dump.cache_text(again.value) == cached
