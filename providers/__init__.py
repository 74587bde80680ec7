# SPDX-License-Identifier: Apache-2.0
"""One file per platform: where the config lies and how to get it."""
