# SPDX-License-Identifier: Apache-2.0
from tests.support.target import target

__all__ = ["target"]
