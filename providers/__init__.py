# SPDX-License-Identifier: Apache-2.0
"""One file per platform: where the config lies and how to get it.

A provider has `NEEDS_NETWORK: bool` and `fetch(ctx: FetchContext) -> bytes`, the config as the platform holds
it; no bytes mean that there is none. One that brings files for the target too has `fetch_with_files(ctx)
-> tuple[bytes, list[OutputFile]]`, which is asked instead. Files are found by name through the table here, so
that a boot loads only what it asks. Ids: the original's, and nocloud.
"""

from __future__ import annotations

# Platform id -> module in this folder.
MODULES = {
    "akamai": "akamai",
    "aliyun": "aliyun",
    "applehv": "applehv",
    "aws": "aws",
    "azure": "azure",
    "azurestack": "azurestack",
    "brightbox": "openstack",
    "cloudstack": "cloudstack",
    "digitalocean": "digitalocean",
    "exoscale": "exoscale",
    "file": "file",
    "gcp": "gcp",
    "hetzner": "hetzner",
    "hyperv": "hyperv",
    "ibmcloud": "ibmcloud",
    "kubevirt": "kubevirt",
    "metal": "metal",
    "nocloud": "nocloud",
    "nutanix": "nutanix",
    "nvidiabluefield": "nvidiabluefield",
    "openstack": "openstack",
    "oraclecloud": "oraclecloud",
    "packet": "packet",
    "powervs": "powervs",
    "proxmoxve": "proxmoxve",
    "qemu": "qemu",
    "scaleway": "scaleway",
    "upcloud": "upcloud",
    "virtualbox": "virtualbox",
    "vmware": "vmware",
    "vultr": "vultr",
    "zvm": "zvm",
}

# Names that glue of distributions and older versions use.
ALIASES = {
    "ec2": "aws",
    "equinix": "packet",
    "equinixmetal": "packet",
    "gce": "gcp",
    "pxe": "metal",
}

# Platform ids whose module has `fetch_with_files`, `status` or `delete` (see acquisition/platforms.py).
WITH_FILES = ("hyperv",)
WITH_STATUS = ("packet",)
WITH_DELETE = ("virtualbox", "vmware")


def platform_ids() -> list[str]:
    """All ids that may be given, sorted."""
    return sorted([*MODULES, *ALIASES])


def canonical_id(name: str) -> str:
    """The id that a given one stands for."""
    return ALIASES.get(name, name)
