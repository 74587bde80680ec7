# SPDX-License-Identifier: Apache-2.0
"""One file or package per stage: what the config asks for, as steps."""
