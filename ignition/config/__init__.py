# SPDX-License-Identifier: Apache-2.0
"""From bytes to one typed, merged config."""
