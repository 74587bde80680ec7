# SPDX-License-Identifier: Apache-2.0
"""Suggestions for invalid command lines. The initramfs leaves this module out: nobody types there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ignition import providers
from ignition.base.printable import printable
from ignition.base.suggest import closest
from ignition.cli import compat
from ignition.cli.commands import AUTHORS, parser_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ignition.cli.compat import UsageError

# Commands of similar tools -> the equivalent here.
_SYNONYMS = {
    ("validate", "verify", "check"): "ignition lint FILE, or ignition-validate FILE",
    ("fmt", "format", "upgrade", "translate", "migrate"): "ignition convert --to VERSION FILE",
    ("merge", "resolve", "flatten", "build", "compile"): "ignition render FILE",
    ("explain",): "ignition lint --explain CODE",
    ("exec", "start"): "ignition run PHASE...",
    ("boot", "try", "simulate", "qemu", "kola"): "ignition test FILE",
    ("expectations", "derive"): "ignition expect FILE",
    ("compare", "cmp"): "ignition diff OLD NEW",
    ("blame", "origin", "origins", "whence"): "ignition why NAME FILE",
    ("rmcfg",): "ignition-rmcfg",
}
_COMMANDS = (
    "apply",
    "convert",
    "diff",
    "expect",
    "help",
    "lint",
    "render",
    "run",
    "test",
    "version",
    "why",
)
_SWITCHES = ("help", "log-to-stdout", "version")
_CONFIGS = (".ign", ".json", ".bu", ".butane", ".yaml", ".yml")


def usage_advice(error: UsageError, args: list[str]) -> str:
    """The message for arguments that `ignition` cannot parse, with a suggestion."""
    given = [arg for arg in args if arg]
    if not given:
        return compat.fit_to_terminal()
    if not given[0].startswith("-"):
        suggestion = suggest_command(given[0], given[1:])
        return f"ignition: IGN6004: {given[0]!r} is not a command\n  {suggestion}\n"
    if isinstance(error, compat.UnknownFlag):
        return f"{printable(str(error))}\n  {_suggest_flag(error.name)}\n"
    return f"{printable(str(error))}\n  {_suggest_value(error, given)}\n"


def suggest_command(word: str, more: list[str]) -> str:
    """A suggestion for an unknown command with the arguments `more`."""
    if word.endswith((".bu", ".butane")):
        return f"did you mean butane --strict {word} | ignition lint -?"
    if word.endswith(_CONFIGS) or os.path.exists(word):
        return f"did you mean ignition lint {word}?"
    if word in compat.STAGES:
        return f"did you mean ignition run {word}?"
    for synonyms, equivalent in _SYNONYMS.items():
        if word.lower() in synonyms:
            return f"did you mean {equivalent}?"
    close = closest(
        word.lower(), [*_COMMANDS, *(word for synonyms in _SYNONYMS for word in synonyms)]
    )
    if close in _COMMANDS:
        return f"did you mean {' '.join(['ignition', close, *more])}?"
    if close:
        return suggest_command(close, more)
    return f"commands: {', '.join(_COMMANDS)}; see ignition help"


def did_you_mean(word: str, known: Iterable[str], dashes: str = "") -> str:
    """The first part of a hint that suggests a known word; "" if none is similar."""
    close = closest(word, known)
    return f"did you mean {dashes}{close}? " if close else ""


def _suggest_flag(name: str) -> str:
    suggestion = did_you_mean(name, (*compat.TEXT_FLAGS, *_SWITCHES), "-")
    for each in AUTHORS:
        if not suggestion and name in _flags_of(each):
            suggestion = f"this is a flag of ignition {each}; "
    return f"{suggestion}see ignition --help"


def _flags_of(name: str) -> set[str]:
    parser = parser_of(name)
    return {flag.lstrip("-") for action in parser._actions for flag in action.option_strings}


def _suggest_value(error: UsageError, args: list[str]) -> str:
    """A suggestion for a flag that is missing or has an invalid value."""
    if error.hint:
        return platform_advice(flag_value(args, "platform"))
    stage = flag_value(args, "stage")
    if "stage" in str(error) and stage not in compat.STAGES:
        return f"{did_you_mean(stage, compat.STAGES)}--stage is one of {', '.join(compat.STAGES)}"
    return "see ignition --help"


def platform_advice(word: str) -> str:
    """The known platforms, preceded by the one most similar to `word`."""
    known = providers.platform_ids()
    return f"{did_you_mean(word, known)}--platform is one of {', '.join(known)}"


def run_advice(error: UsageError, args: list[str]) -> str:
    """A suggestion for an invalid flag of `ignition run`."""
    if error.hint:
        return platform_advice(flag_value(args, "platform"))
    suggestion = ""
    if isinstance(error, compat.UnknownFlag):
        suggestion = did_you_mean(error.name, compat.TEXT_FLAGS, "--")
    return f"{suggestion}see ignition run --help"


def flag_value(args: list[str], name: str) -> str:
    """The value of a flag in the arguments; "" if it is missing."""
    for number, word in enumerate(args):
        if word.lstrip("-").startswith(f"{name}="):
            return word.partition("=")[2]
        if word.lstrip("-") == name:
            return args[number + 1] if number + 1 < len(args) else ""
    return ""
