# SPDX-License-Identifier: Apache-2.0
"""Code that more than one stage needs."""
