# SPDX-License-Identifier: Apache-2.0
"""The tables of platforms and their providers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ignition import providers
from ignition.acquisition import platforms
from ignition.base.errors import Failure

if TYPE_CHECKING:
    from ignition.providers import (
        akamai,
        aliyun,
        applehv,
        aws,
        azure,
        azurestack,
        cloudstack,
        cmdline,
        digitalocean,
        exoscale,
        file,
        gcp,
        hetzner,
        hyperv,
        ibmcloud,
        kubevirt,
        metal,
        nocloud,
        nutanix,
        nvidiabluefield,
        openstack,
        oraclecloud,
        packet,
        powervs,
        proxmoxve,
        qemu,
        scaleway,
        system,
        upcloud,
        virtualbox,
        vmware,
        vultr,
        zvm,
    )

IDS = [
    "akamai",
    "aliyun",
    "applehv",
    "aws",
    "azure",
    "azurestack",
    "brightbox",
    "cloudstack",
    "digitalocean",
    "exoscale",
    "file",
    "gcp",
    "hetzner",
    "hyperv",
    "ibmcloud",
    "kubevirt",
    "metal",
    "nocloud",
    "nutanix",
    "nvidiabluefield",
    "openstack",
    "oraclecloud",
    "packet",
    "powervs",
    "proxmoxve",
    "qemu",
    "scaleway",
    "upcloud",
    "virtualbox",
    "vmware",
    "vultr",
    "zvm",
]


def test_ids_are_those_of_ignition_and_nocloud() -> None:
    assert sorted(providers.MODULES) == IDS


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("ec2", "aws"),
        ("gce", "gcp"),
        ("pxe", "metal"),
        ("equinix", "packet"),
        ("equinixmetal", "packet"),
    ],
)
def test_aliases(alias: str, name: str) -> None:
    assert alias in providers.platform_ids()
    assert platforms.canonical(alias) == name


def test_sources_are_not_platforms() -> None:
    assert not {"cmdline", "system", ""} & set(providers.platform_ids())


@pytest.mark.parametrize("name", providers.MODULES)
def test_every_platform_has_a_provider(name: str) -> None:
    provider = platforms.provider(name)
    assert isinstance(provider.NEEDS_NETWORK, bool)
    assert callable(provider.fetch)


@pytest.mark.parametrize(
    ("table", "function"),
    [
        (providers.WITH_FILES, "fetch_with_files"),
        (providers.WITH_DELETE, "delete"),
        (providers.WITH_STATUS, "status"),
    ],
)
def test_tables_list_exactly_the_providers_that_have_the_function(
    table: tuple[str, ...], function: str
) -> None:
    having = [name for name in providers.MODULES if hasattr(platforms.provider(name), function)]
    assert list(table) == having


if TYPE_CHECKING:  # mypy proves that every provider satisfies the protocol
    _SOURCES: list[platforms.Source] = [cmdline, system]
    _PROVIDERS: list[platforms.Provider] = [
        *(akamai, aliyun, applehv, aws, azure, azurestack, cloudstack, digitalocean, exoscale),
        *(file, gcp, hetzner, hyperv, ibmcloud, kubevirt, metal, nocloud, nutanix),
        *(nvidiabluefield, openstack, oraclecloud, packet, powervs, proxmoxve, qemu, scaleway),
        *(upcloud, virtualbox, vmware, vultr, zvm),
    ]
    _FILE_PROVIDERS: list[platforms.ProviderWithFiles] = [hyperv]
    _DELETING_PROVIDERS: list[platforms.ProviderWithDelete] = [virtualbox, vmware]
    _STATUS_PROVIDERS: list[platforms.ProviderWithStatus] = [packet]


def test_missing_provider_is_named() -> None:
    with pytest.raises(Failure) as caught:
        platforms.source("left_out")
    assert caught.value.code == "IGN5003"
    assert "ignition_platforms" in caught.value.hint
