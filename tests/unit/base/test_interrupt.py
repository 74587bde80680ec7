# SPDX-License-Identifier: Apache-2.0
"""When a signal interrupts, and when it is only remembered."""

from __future__ import annotations

import os
import signal

import pytest

from ignition.base import interrupt


def send(number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def test_the_work_of_a_phase_is_interrupted() -> None:
    with (
        interrupt.SignalHandlers(),
        pytest.raises(interrupt.Interrupted),
        interrupt.Interruptible(),
    ):
        send()


def test_telling_how_a_phase_ended_is_not() -> None:
    with interrupt.SignalHandlers():
        send()
        assert interrupt.requested()
        assert "SIGTERM" in interrupt.failure().text


def test_the_next_phase_then_does_not_begin() -> None:
    with interrupt.SignalHandlers():
        send()
        with pytest.raises(interrupt.Interrupted), interrupt.Interruptible():
            pytest.fail("the phase began")


def test_waiting_for_steps_is_not_interrupted_within_a_phase() -> None:
    with interrupt.SignalHandlers(), interrupt.Interruptible():
        with interrupt.Uninterruptible():
            send()
        with pytest.raises(interrupt.Interrupted):
            interrupt.check()


def test_a_second_signal_does_not_interrupt_the_clearing_up() -> None:
    with interrupt.SignalHandlers(), interrupt.Interruptible():
        with pytest.raises(interrupt.Interrupted):
            send()
        send(signal.SIGINT)
        assert "SIGTERM" in interrupt.failure().text


def test_nothing_is_remembered_for_another_run() -> None:
    with interrupt.SignalHandlers():
        send()
    with interrupt.SignalHandlers(), interrupt.Interruptible():
        interrupt.check()
