#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Placeholder. A distribution replaces it by a program that is called with
#     [--should-exist ARG]... [--should-not-exist ARG]...
# adds and removes those arguments in its boot loader's entries, and reboots only if that changed one.
echo "kernelArguments is not supported by this distribution: it brings no ignition-kargs-helper" >&2
exit 1
