# SPDX-License-Identifier: Apache-2.0
"""Acquisition, plan, executor, phases, state, report."""
