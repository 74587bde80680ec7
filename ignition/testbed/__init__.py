# SPDX-License-Identifier: Apache-2.0
"""Images, guests and fake services, for ignition test and for our own tests."""
