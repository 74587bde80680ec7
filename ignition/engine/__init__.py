# SPDX-License-Identifier: Apache-2.0
"""Plan, executor, phases, report."""
