# SPDX-License-Identifier: Apache-2.0
"""Compares our verdict on random configs with that of Ignition's ignition-validate.

    python -m tests.fuzz.differential [--count N] [--seed N]

The configs are of specs 3.0 to 3.3, which release 2.14 supports: valid ones, ones with a few or many
unusual values, corrupted texts and mutated seeds. Exit status 1 if a verdict differs for a reason that is
not in `KNOWN`; see docs/differences.md.
"""

from __future__ import annotations

import argparse
import collections
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from random import Random

from ignition.base.finding import ERROR
from ignition.config.check import check
from ignition.config.fast import CheckResult
from tests.fuzz import mutation
from tests.support import peer, random_json
from tests.support.random_configs import Configs

VERSIONS = ("3.0.0", "3.1.0", "3.2.0", "3.3.0")
SEEDS = [data for data in mutation.corpus().values() if len(data) < 5000]


def valid(rng: Random) -> bytes:
    """A config that is accepted, perhaps with warnings."""
    return random_json.text(random_json.config(rng, rng.choice(VERSIONS)), rng).encode()


def nearly_valid(rng: Random) -> bytes:
    """A config with a few unusual values."""
    return _odd(rng, rng.choice([0.02, 0.1]))


def wild(rng: Random) -> bytes:
    """A config with correct types and mostly unusual values."""
    return _odd(rng, rng.choice([0.3, 0.5]))


def spoiled(rng: Random) -> bytes:
    """A valid config with repeated, unknown and misspelt keys, nulls and wrong types."""
    tree = random_json.spoiled(rng, random_json.config(rng, rng.choice(VERSIONS)))
    return random_json.text(tree, rng).encode("utf-8", "surrogatepass")


def mutated(rng: Random) -> bytes:
    """A seed of the fuzzer or a valid config, with changed bytes or structure."""
    start = rng.choice([rng.choice(SEEDS), valid(rng)])
    data = mutation.mutated(rng, start, SEEDS)
    version = rng.choice(VERSIONS).encode()
    for newer in (b"3.4.0", b"3.5.0", b"3.6.0", b"3.7.0-experimental"):
        data = data.replace(newer, version)
    return data


KINDS: dict[str, Callable[[Random], bytes]] = {
    "valid": valid,
    "nearly valid": nearly_valid,
    "wild": wild,
    "spoiled": spoiled,
    "mutated": mutated,
}


def _odd(rng: Random, odd: float) -> bytes:
    made = Configs(rng.randrange(1 << 32), odd, rng.choice([0.1, 0.2, 0.4, 0.6]))
    return json.dumps(made.config(rng.choice(VERSIONS))).encode()


def configs(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """`count` random configs and their kinds; the same for the same seed."""
    for number in range(count):
        kind = tuple(KINDS)[number % len(KINDS)]
        yield kind, KINDS[kind](Random(f"{seed} {number}"))


def ignition_accepts(data: bytes) -> bool:
    done = subprocess.run([peer.validator(), "-"], input=data, capture_output=True, check=False)
    return done.returncode == 0


# Errors that Ignition 2.14 does not report: code, a required substring of the config, reason.
KNOWN = (
    ("IGN1901", b"", "a file at the path of a unit, which later releases refuse"),
    ("IGN1111", b"[", "a name in brackets in a URL, which later releases of Go refuse"),
    ("IGN1005", b"3.4.0-experimental", "an experimental spec that has become final since"),
)


def known(data: bytes, ours: CheckResult) -> str:
    """The known reason why only we refuse the config, or ""."""
    codes = {each.code for each in ours.findings if each.severity == ERROR}
    if ours.failure is not None and not codes:
        codes = {ours.failure.code}
    for code, part, reason in KNOWN:
        if codes == {code} and part in data:
            return reason
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.differential")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not peer.validator():
        parser.error(peer.MISSING)
    counts: collections.Counter[str] = collections.Counter()
    differing = 0
    for kind, data in configs(options.seed, options.count):
        ours = check(data, "config.ign")
        theirs = ignition_accepts(data)
        counts[f"{kind}: {'accepted' if theirs else 'refused'} by Ignition"] += 1
        if (not ours.refusal) != theirs:
            reason = known(data, ours) if theirs else ""
            if reason:
                counts[f"known difference: {reason}"] += 1
            else:
                differing += 1
                print(f"{kind}: {ours.refusal or 'accepted'} by us: {data!r}", file=sys.stderr)
    for name, count in sorted(counts.items()):
        print(f"{count:>7}  {name}")
    print(f"{differing:>7}  other differences")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
