# SPDX-License-Identifier: Apache-2.0
"""When a signal interrupts, and when it is only recorded."""

from __future__ import annotations

import os
import signal

import pytest

from ignition.base import interrupt


def send(number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def test_signal_interrupts_the_work_of_a_phase() -> None:
    with (
        interrupt.SignalHandlers(),
        pytest.raises(interrupt.Interrupted),
        interrupt.Interruptible(),
    ):
        send()


def test_signal_does_not_interrupt_reporting() -> None:
    with interrupt.SignalHandlers():
        send()
        assert interrupt.requested()
        assert "SIGTERM" in interrupt.failure().text


def test_next_phase_does_not_start_after_a_signal() -> None:
    with interrupt.SignalHandlers():
        send()
        with pytest.raises(interrupt.Interrupted), interrupt.Interruptible():
            pytest.fail("the phase began")


def test_signal_does_not_interrupt_waiting_for_steps() -> None:
    with interrupt.SignalHandlers(), interrupt.Interruptible():
        with interrupt.Uninterruptible():
            send()
        with pytest.raises(interrupt.Interrupted):
            interrupt.check()


def test_second_signal_does_not_interrupt_cleanup() -> None:
    with interrupt.SignalHandlers(), interrupt.Interruptible():
        with pytest.raises(interrupt.Interrupted):
            send()
        send(signal.SIGINT)
        assert "SIGTERM" in interrupt.failure().text


def test_next_run_starts_without_the_signal() -> None:
    with interrupt.SignalHandlers():
        send()
    with interrupt.SignalHandlers(), interrupt.Interruptible():
        interrupt.check()
