# SPDX-License-Identifier: Apache-2.0
"""Derives what follows from a config for the machine after its first boot."""

from __future__ import annotations

from ignition.acquisition.rendered import Rendered
from ignition.testbed.expectations import dump, model, reading
from ignition.testbed.expectations.derivation import accounts, disks, nodes, units
from ignition.testbed.expectations.derivation.subject import Subject
from ignition.testbed.expectations.document import Document
from ignition.testbed.expectations.model import Expectation, Expectations
from ignition.testbed.expectations.problems import Problems
from ignition.testbed.expectations.sections import SECTIONS, describe, section_of


def derive(rendered: Rendered, source: str, data: bytes) -> Expectations:
    """The expectations that follow from a config.

    `source` is the name under which the config was rendered, `data` its text, for lines and columns. What
    cannot be derived is a sentence in `notes`. Nothing is derived that depends on what the image had before:
    every machine that was provisioned as the spec says meets all expectations.
    """
    subject = Subject(rendered, source, data)
    states, mounts = units.derive(subject)
    items: list[Expectation] = [
        *nodes.derive(subject),
        *accounts.derive(subject),
        *states,
        *mounts,
        *disks.derive(subject),
        *_kernel_arguments(subject),
    ]
    order = {section: index for index, section in enumerate(SECTIONS)}
    items = [item for item in items if _is_possible(subject, item)]
    items.sort(key=lambda item: order[section_of(item)])
    _note_provisioning(subject)
    return Expectations(source, derived=True, items=tuple(items), notes=tuple(subject.notes))


def _is_possible(subject: Subject, item: Expectation) -> bool:
    """Whether a machine can be like this. The spec allows values that the engine refuses, such as user -1."""
    problems = Problems(item.place.source)
    value = {section_of(item).key: [dump.item_value(item)]}
    if reading.check(Document(value), problems) is None:
        why = problems.findings[0].message
        subject.note(f"{describe(item)}: no machine can be like this, since {why}")
    return not problems


def _kernel_arguments(subject: Subject) -> list[model.KernelArgument]:
    arguments = subject.config.kernel_arguments
    return [
        model.KernelArgument(
            place=subject.place("kernelArguments", member, index), argument=word, exists=exists
        )
        for member, words, exists in (
            ("shouldExist", arguments.should_exist, True),
            ("shouldNotExist", arguments.should_not_exist, False),
        )
        for index, word in enumerate(words)
    ]


def _note_provisioning(subject: Subject) -> None:
    ignition = subject.config.ignition
    names = [name for name in ("proxy", "security", "timeouts") if ignition.raw.get(name)]
    if names:
        subject.note(f"ignition.{', ignition.'.join(names)}: they only matter while provisioning")
