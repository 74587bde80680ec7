# SPDX-License-Identifier: Apache-2.0
"""What follows from each section of a config."""
