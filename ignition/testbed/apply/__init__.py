# SPDX-License-Identifier: Apache-2.0
"""The parts of the apply tier: its namespace, and the child process that applies a config in there."""
