# SPDX-License-Identifier: Apache-2.0
"""`ignition diff`: what a machine would get otherwise, and whether a running one can get there."""
