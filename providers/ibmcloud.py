# SPDX-License-Identifier: Apache-2.0
"""IBM Cloud (VPC): user data on a cloud-init drive.

Source: https://cloud.ibm.com/docs/vpc?topic=vpc-user-data
"""

from __future__ import annotations

from ignition.providers import configdrive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ignition.resource.context import FetchContext

NEEDS_NETWORK = False

LABEL = "cidata"
PATH = "/user-data"


def fetch(ctx: FetchContext) -> bytes:
    """The user data; b"" without a drive or without the file."""
    return configdrive.fetch_optional(ctx, LABEL, configdrive.file_reader(PATH))
