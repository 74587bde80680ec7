# SPDX-License-Identifier: Apache-2.0
"""What must hold for every text that is given as a config, and a fuzzer that looks for exceptions."""
