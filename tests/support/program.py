# SPDX-License-Identifier: Apache-2.0
"""The command `ignition` of this checkout, for the PATH of a shell."""

from __future__ import annotations

import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
_SCRIPT = f"""\
#!{sys.executable}
import sys
sys.path.insert(0, {str(CHECKOUT)!r})
from ignition.__main__ import main
sys.exit(main())
"""


def install_command(folder: Path) -> None:
    """Writes `folder/ignition`. `folder` is created if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ignition").write_text(_SCRIPT)
    (folder / "ignition").chmod(0o755)
