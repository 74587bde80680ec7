# SPDX-License-Identifier: Apache-2.0
"""Whether guests run under KVM. tests/boot starts the probe itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from ignition.testbed import accel

BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that remembers the answer, on a machine that has the device."""
    monkeypatch.setenv("IGNITION_BUILD_DIR", str(tmp_path))
    device = tmp_path / "device"
    device.touch()
    monkeypatch.setattr(accel, "DEVICE", str(device))
    accel._say_once.cache_clear()
    return tmp_path / "kvm"


def test_without_the_device_it_is_said_once(
    known: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(accel, "DEVICE", "/nonexistent/kvm")
    emulated = (*accel.EMULATED, "-cpu", accel.ANY_CPU)
    assert [accel.accelerator(), accel.accelerator()] == [emulated] * 2
    assert capfd.readouterr().err.count("/nonexistent/kvm is missing: guests are emulated") == 1


@pytest.mark.parametrize(
    ("answer", "arguments"),
    [("works", accel.NATIVE), ("broken", (*accel.EMULATED, "-cpu", "Nehalem"))],
)
def test_the_answer_is_remembered(
    answer: str, arguments: tuple[str, ...], known: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    known.write_text(f"{answer} {BOOT} kernel")
    assert accel.accelerator(Path("/nonexistent/kernel"), "Nehalem") == arguments
    assert known.read_text() == f"{answer} {BOOT} kernel"
    assert ("does not work" in capfd.readouterr().err) is (answer == "broken")


@pytest.mark.parametrize(
    ("remembered", "kernel", "asked_again"),
    [
        (f"works {BOOT} sector", None, False),
        (f"works {BOOT} sector", Path("/nonexistent/kernel"), True),
        (f"works {BOOT}", None, False),
        ("works another-boot kernel", Path("/nonexistent/kernel"), True),
        ("", Path("/nonexistent/kernel"), True),
    ],
)
def test_a_better_probe_and_another_boot_ask_again(
    remembered: str, kernel: Path | None, asked_again: bool, known: Path
) -> None:
    known.write_text(remembered)
    works = accel.kvm_works(kernel)
    # No kernel, no panic: where the probe ran, the answer is no.
    assert works is not asked_again
    assert known.read_text() == (f"broken {BOOT} kernel" if asked_again else remembered)
