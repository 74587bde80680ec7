# SPDX-License-Identifier: Apache-2.0
"""Static checks of configs, for authors; never imported at boot."""
