# SPDX-License-Identifier: Apache-2.0
"""What is probably meant by a command line that cannot be followed. Not in the initramfs: nobody types."""

from __future__ import annotations

import os

from ignition import providers
from ignition.base.printable import printable
from ignition.base.suggest import closest
from ignition.cli import compat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ignition.cli.compat import UsageError

# KnownNames of other tools, and of habit -> what does that here.
_OTHER_WORDS = {
    ("validate", "verify", "check", "test"): "ignition lint FILE, or ignition-validate FILE",
    ("fmt", "format", "upgrade", "translate", "migrate"): "ignition convert --to VERSION FILE",
    ("merge", "resolve", "flatten", "build", "compile"): "ignition render FILE",
    ("explain",): "ignition lint --explain CODE",
    ("exec", "start"): "ignition run PHASE...",
    ("rmcfg",): "ignition-rmcfg",
}
_COMMANDS = ("convert", "help", "lint", "render", "run", "version")
_SWITCHES = ("help", "log-to-stdout", "version")
_CONFIGS = (".ign", ".json", ".bu", ".butane", ".yaml", ".yml")


def usage_advice(error: UsageError, args: list[str]) -> str:
    """What to say of words that `ignition` cannot follow."""
    said = [word for word in args if word]
    if not said:
        return compat.fit_to_terminal()
    if not said[0].startswith("-"):
        return f"ignition: IGN6004: {said[0]!r} is not a command\n  {suggest_command(said[0], said[1:])}\n"
    if isinstance(error, compat.UnknownFlag):
        return f"{printable(str(error))}\n  {_flag(error.name)}\n"
    return f"{printable(str(error))}\n  {_value(error, said)}\n"


def suggest_command(word: str, more: list[str]) -> str:
    """What may be meant by a command that there is not."""
    if word.endswith((".bu", ".butane")):
        return f"perhaps butane --strict {word} | ignition lint - is meant"
    if word.endswith(_CONFIGS) or os.path.exists(word):
        return f"perhaps ignition lint {word} is meant"
    if word in compat.STAGES:
        return f"perhaps ignition run {word} is meant"
    for synonyms, there in _OTHER_WORDS.items():
        if word.lower() in synonyms:
            return f"perhaps {there} is meant"
    close = closest(
        word.lower(), [*_COMMANDS, *(word for synonyms in _OTHER_WORDS for word in synonyms)]
    )
    if close in _COMMANDS:
        return f"perhaps {' '.join(['ignition', close, *more])} is meant"
    if close:
        return suggest_command(close, more)
    return f"the commands are {', '.join(_COMMANDS)}; ignition help says what each does"


def did_you_mean(word: str, known: Iterable[str], dashes: str = "") -> str:
    """The beginning of a hint: what may be meant by a word that is not known. "" if nothing is like it."""
    close = closest(word, known)
    return f"perhaps {dashes}{close} is meant; " if close else ""


def _flag(name: str) -> str:
    there = did_you_mean(name, (*compat.TEXT_FLAGS, *_SWITCHES), "-")
    for each in ("lint", "render", "convert"):
        if not there and name in _flags_of(each):
            there = f"ignition {each} has such a flag; "
    return f"{there}ignition --help lists all"


def _flags_of(name: str) -> set[str]:
    __import__(f"ignition.cli.{name}")
    from ignition.cli import convert, lint, render

    parser = {"convert": convert, "lint": lint, "render": render}[name].build_parser()
    return {flag.lstrip("-") for action in parser._actions for flag in action.option_strings}


def _value(error: UsageError, args: list[str]) -> str:
    """What to do about a flag that is missing or has a wrong value."""
    if error.hint:
        return platform_advice(flag_value(args, "platform"))
    stage = flag_value(args, "stage")
    if "stage" in str(error) and stage not in compat.STAGES:
        return f"{did_you_mean(stage, compat.STAGES)}--stage is one of {', '.join(compat.STAGES)}"
    return "ignition --help lists all flags"


def platform_advice(word: str) -> str:
    """Which platforms there are, and which one may be meant."""
    known = providers.platform_ids()
    return f"{did_you_mean(word, known)}--platform is one of {', '.join(known)}"


def run_advice(error: UsageError, args: list[str]) -> str:
    """What to do about a flag of `ignition run`."""
    if error.hint:
        return platform_advice(flag_value(args, "platform"))
    there = ""
    if isinstance(error, compat.UnknownFlag):
        there = did_you_mean(error.name, compat.TEXT_FLAGS, "--")
    return f"{there}ignition run --help shows phases and flags"


def flag_value(args: list[str], name: str) -> str:
    """The value that a flag has among the args, "" if it is not there."""
    for number, word in enumerate(args):
        if word.lstrip("-").startswith(f"{name}="):
            return word.partition("=")[2]
        if word.lstrip("-") == name:
            return args[number + 1] if number + 1 < len(args) else ""
    return ""
