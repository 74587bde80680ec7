# SPDX-License-Identifier: Apache-2.0
"""When a signal interrupts, and when it is only remembered."""

from __future__ import annotations

import os
import signal

import pytest

from ignition.base import stop


def send(number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def test_the_work_of_a_phase_is_interrupted() -> None:
    with stop.Listening(), pytest.raises(stop.Interrupted), stop.Interruptible():
        send()


def test_telling_how_a_phase_ended_is_not() -> None:
    with stop.Listening():
        send()
        assert stop.asked()
        assert "SIGTERM" in stop.failure().text


def test_the_next_phase_then_does_not_begin() -> None:
    with stop.Listening():
        send()
        with pytest.raises(stop.Interrupted), stop.Interruptible():
            pytest.fail("the phase began")


def test_waiting_for_steps_is_not_interrupted_within_a_phase() -> None:
    with stop.Listening(), stop.Interruptible():
        with stop.Patience():
            send()
        with pytest.raises(stop.Interrupted):
            stop.check()


def test_a_second_signal_does_not_interrupt_the_clearing_up() -> None:
    with stop.Listening(), stop.Interruptible():
        with pytest.raises(stop.Interrupted):
            send()
        send(signal.SIGINT)
        assert "SIGTERM" in stop.failure().text


def test_nothing_is_remembered_for_another_run() -> None:
    with stop.Listening():
        send()
    with stop.Listening(), stop.Interruptible():
        stop.check()
