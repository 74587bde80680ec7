# SPDX-License-Identifier: Apache-2.0
"""The settings of quadlet files, by section. Source: podman-systemd.unit(5) of podman 5.4."""

from __future__ import annotations

_CONTAINER = """
AddCapability AddDevice AddHost Annotation AutoUpdate CgroupsMode ContainerName
ContainersConfModule DNS DNSOption DNSSearch DropCapability Entrypoint Environment
EnvironmentFile EnvironmentHost Exec ExposeHostPort GIDMap GlobalArgs Group GroupAdd HealthCmd
HealthInterval HealthLogDestination HealthMaxLogCount HealthMaxLogSize HealthOnFailure
HealthRetries HealthStartPeriod HealthStartupCmd HealthStartupInterval HealthStartupRetries
HealthStartupSuccess HealthStartupTimeout HealthTimeout HostName IP IP6 Image Label LogDriver
LogOpt Mask Memory Mount Network NetworkAlias NoNewPrivileges Notify PidsLimit Pod PodmanArgs
PublishPort Pull ReadOnly ReadOnlyTmpfs ReloadCmd ReloadSignal RemapGid RemapUid RemapUidSize
RemapUsers Retry RetryDelay Rootfs RunInit SeccompProfile Secret SecurityLabelDisable
SecurityLabelFileType SecurityLabelLevel SecurityLabelNested SecurityLabelType ServiceName
ShmSize StartWithPod StopSignal StopTimeout SubGIDMap SubUIDMap Sysctl Timezone Tmpfs UIDMap
Ulimit Unmask User UserNS VolatileTmp Volume WorkingDir
"""
_POD = """
AddHost ContainersConfModule DNS DNSOption DNSSearch ExitPolicy GIDMap GlobalArgs HostName IP
IP6 Label Network NetworkAlias PodName PodmanArgs PublishPort RemapGid RemapUid RemapUidSize
RemapUsers ServiceName ShmSize StopTimeout SubGIDMap SubUIDMap UIDMap UserNS Volume
"""
_KUBE = """
AutoUpdate ConfigMap ContainersConfModule ExitCodePropagation GlobalArgs KubeDownForce
LogDriver LogOpt Network PodmanArgs PublishPort RemapGid RemapUid RemapUidSize RemapUsers
ServiceName SetWorkingDirectory UserNS Yaml
"""
_NETWORK = """
ContainersConfModule DNS DisableDNS Driver Gateway GlobalArgs IPAMDriver IPRange IPv6
InterfaceName Internal Label NetworkDeleteOnStop NetworkName Options PodmanArgs ServiceName
Subnet
"""
_VOLUME = """
ContainersConfModule Copy Device Driver GlobalArgs Group Image Label Options PodmanArgs
ServiceName Type User VolumeName
"""
_BUILD = """
Annotation Arch AuthFile BuildArg ContainersConfModule DNS DNSOption DNSSearch Environment File
ForceRM GlobalArgs GroupAdd IgnoreFile ImageTag Label Network PodmanArgs Pull Retry RetryDelay
Secret ServiceName SetWorkingDirectory TLSVerify Target Variant Volume
"""
_IMAGE = """
AllTags Arch AuthFile CertDir ContainersConfModule Creds DecryptionKey GlobalArgs Image
ImageTag OS PodmanArgs Policy Retry RetryDelay ServiceName TLSVerify Variant
"""

SECTIONS: dict[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in (
        ("Container", _CONTAINER),
        ("Pod", _POD),
        ("Kube", _KUBE),
        ("Network", _NETWORK),
        ("Volume", _VOLUME),
        ("Build", _BUILD),
        ("Image", _IMAGE),
    )
}
"""Section -> its settings."""
