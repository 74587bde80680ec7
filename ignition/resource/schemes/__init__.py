# SPDX-License-Identifier: Apache-2.0
"""One file per transport, loaded when a URL asks for it; `resource.fetch` holds the table."""
