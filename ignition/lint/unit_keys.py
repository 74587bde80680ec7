# SPDX-License-Identifier: Apache-2.0
"""The settings that systemd knows, by section of a unit file.

Source: `systemd --dump-configuration-items` of systemd 252, and the man pages of 253 to 258.
"""

from __future__ import annotations

_CGROUP = """
AllowedCPUs AllowedMemoryNodes BPFProgram BindNetworkInterface BlockIOAccounting
BlockIODeviceWeight BlockIOReadBandwidth BlockIOWeight BlockIOWriteBandwidth CPUAccounting
CPUQuota CPUQuotaPeriodSec CPUShares CPUWeight CoredumpReceive DefaultMemoryLow
DefaultMemoryMin DefaultStartupMemoryLow Delegate DelegateNamespaces DelegateSubgroup
DeviceAllow DevicePolicy DisableControllers IOAccounting IODeviceLatencyTargetSec
IODeviceWeight IOReadBandwidthMax IOReadIOPSMax IOWeight IOWriteBandwidthMax IOWriteIOPSMax
IPAccounting IPAddressAllow IPAddressDeny IPEgressFilterPath IPIngressFilterPath
ManagedOOMMemoryPressure ManagedOOMMemoryPressureDurationSec ManagedOOMMemoryPressureLimit
ManagedOOMPreference ManagedOOMSwap MemoryAccounting MemoryHigh MemoryLimit MemoryLow
MemoryMax MemoryMin MemoryPressureThresholdSec MemoryPressureWatch MemorySwapMax
MemoryZSwapMax MemoryZSwapWriteback NFTSet RestrictNetworkInterfaces Slice SocketBindAllow
SocketBindDeny StartupAllowedCPUs StartupAllowedMemoryNodes StartupBlockIOWeight
StartupCPUShares StartupCPUWeight StartupIOWeight StartupMemoryHigh StartupMemoryLow
StartupMemoryMax StartupMemorySwapMax StartupMemoryZSwapMax TasksAccounting TasksMax
"""

_EXECUTION = """
AmbientCapabilities AppArmorProfile BPFDelegateAttachments BPFDelegateCommands
BPFDelegateMaps BPFDelegatePrograms BindPaths BindReadOnlyPaths CPUAffinity
CPUSchedulingPolicy CPUSchedulingPriority CPUSchedulingResetOnFork CacheDirectory
CacheDirectoryAccounting CacheDirectoryMode CacheDirectoryQuota CapabilityBoundingSet
ConfigurationDirectory ConfigurationDirectoryMode CoredumpFilter DynamicUser Environment
EnvironmentFile ExecPaths ExecSearchPath ExtensionDirectories ExtensionImagePolicy
ExtensionImages Group IOSchedulingClass IOSchedulingPriority IPCNamespacePath IgnoreSIGPIPE
ImportCredential InaccessibleDirectories InaccessiblePaths KeyringMode LimitAS LimitCORE
LimitCPU LimitDATA LimitFSIZE LimitLOCKS LimitMEMLOCK LimitMSGQUEUE LimitNICE LimitNOFILE
LimitNPROC LimitRSS LimitRTPRIO LimitRTTIME LimitSIGPENDING LimitSTACK LoadCredential
LoadCredentialEncrypted LockPersonality LogExtraFields LogLevelMax LogNamespace
LogRateLimitBurst LogRateLimitIntervalSec LogsDirectory LogsDirectoryAccounting
LogsDirectoryMode LogsDirectoryQuota MemoryDenyWriteExecute MemoryKSM MemoryTHP MountAPIVFS
MountFlags MountImagePolicy MountImages NUMAMask NUMAPolicy NetworkNamespacePath Nice
NoExecPaths NoNewPrivileges OOMScoreAdjust PAMName PassEnvironment Personality PrivateBPF
PrivateDevices PrivateIPC PrivateMounts PrivateNetwork PrivatePIDs PrivateTmp PrivateUsers
ProcSubset ProtectClock ProtectControlGroups ProtectHome ProtectHostname ProtectKernelLogs
ProtectKernelModules ProtectKernelTunables ProtectProc ProtectSystem ReadOnlyDirectories
ReadOnlyPaths ReadWriteDirectories ReadWritePaths RemoveIPC RestrictAddressFamilies
RestrictFileSystems RestrictNamespaces RestrictRealtime RestrictSUIDSGID RootDirectory
RootEphemeral RootHash RootHashSignature RootImage RootImageOptions RootImagePolicy
RootMStack RootVerity RuntimeDirectory RuntimeDirectoryMode RuntimeDirectoryPreserve
SELinuxContext SecureBits SetCredential SetCredentialEncrypted SetLoginEnvironment
SmackProcessLabel StandardError StandardInput StandardInputData StandardInputText
StandardOutput StateDirectory StateDirectoryAccounting StateDirectoryMode
StateDirectoryQuota SupplementaryGroups SyslogFacility SyslogIdentifier SyslogLevel
SyslogLevelPrefix SystemCallArchitectures SystemCallErrorNumber SystemCallFilter
SystemCallLog TTYColumns TTYPath TTYReset TTYRows TTYVHangup TTYVTDisallocate
TemporaryFileSystem TimeoutCleanSec TimeoutSec TimerSlackNSec UMask UnsetEnvironment User
UserNamespacePath UtmpIdentifier UtmpMode WorkingDirectory
"""

_KILLING = """
FinalKillSignal KillMode KillSignal RestartKillSignal SendSIGHUP SendSIGKILL WatchdogSignal
"""

_UNIT = """
After AllowIsolate AssertACPower AssertArchitecture AssertCPUFeature AssertCPUPressure
AssertCPUs AssertCapability AssertControlGroupController AssertCredential
AssertDirectoryNotEmpty AssertEnvironment AssertFileIsExecutable AssertFileNotEmpty
AssertFirstBoot AssertGroup AssertHost AssertIOPressure AssertKernelCommandLine
AssertKernelVersion AssertMemory AssertMemoryPressure AssertNeedsUpdate AssertOSRelease
AssertPathExists AssertPathExistsGlob AssertPathIsDirectory AssertPathIsEncrypted
AssertPathIsMountPoint AssertPathIsReadWrite AssertPathIsSymbolicLink AssertSecurity
AssertUser AssertVersion AssertVirtualization Before BindTo BindsTo CollectMode
ConditionACPower ConditionArchitecture ConditionCPUFeature ConditionCPUPressure
ConditionCPUs ConditionCapability ConditionControlGroupController ConditionCredential
ConditionDirectoryNotEmpty ConditionEnvironment ConditionFileIsExecutable
ConditionFileNotEmpty ConditionFirmware ConditionFirstBoot ConditionGroup ConditionHost
ConditionIOPressure ConditionKernelCommandLine ConditionKernelModuleLoaded
ConditionKernelVersion ConditionMemory ConditionMemoryPressure ConditionNeedsUpdate
ConditionOSRelease ConditionPathExists ConditionPathExistsGlob ConditionPathIsDirectory
ConditionPathIsEncrypted ConditionPathIsMountPoint ConditionPathIsReadWrite
ConditionPathIsSymbolicLink ConditionSecurity ConditionUser ConditionVersion
ConditionVirtualization Conflicts DefaultDependencies Description Documentation
FailureAction FailureActionExitStatus IgnoreOnIsolate JobRunningTimeoutSec JobTimeoutAction
JobTimeoutRebootArgument JobTimeoutSec JoinsNamespaceOf OnFailure OnFailureIsolate
OnFailureJobMode OnSuccess OnSuccessJobMode PartOf PropagateReloadFrom PropagateReloadTo
PropagatesReloadTo PropagatesStopTo RebootArgument RefuseManualStart RefuseManualStop
ReloadPropagatedFrom Requires RequiresMountsFor RequiresOverridable Requisite
RequisiteOverridable SourcePath StartLimitAction StartLimitBurst StartLimitInterval
StartLimitIntervalSec StopPropagatedFrom StopWhenUnneeded SuccessAction
SuccessActionExitStatus SurviveFinalKillSignal Upholds Wants
"""

_SERVICE = """
BusName ExecCondition ExecReload ExecReloadPost ExecStart ExecStartPost ExecStartPre
ExecStop ExecStopPost ExitType FailureAction FileDescriptorStoreMax
FileDescriptorStorePreserve GuessMainPID LiveMountResult NonBlocking NotifyAccess OOMPolicy
OpenFile PIDFile PermissionsStartOnly RebootArgument RefreshOnReload ReloadSignal
RemainAfterExit Restart RestartForceExitStatus RestartMaxDelaySec RestartMode
RestartPreventExitStatus RestartSec RestartSteps RootDirectoryStartOnly RuntimeMaxSec
RuntimeRandomizedExtraSec Sockets StartLimitAction StartLimitBurst StartLimitInterval
SuccessExitStatus TimeoutAbortSec TimeoutStartFailureMode TimeoutStartSec
TimeoutStopFailureMode TimeoutStopSec Type USBFunctionDescriptors USBFunctionStrings
WatchdogSec
"""

_SOCKET = """
Accept AcceptFileDescriptors Backlog BindIPv6Only BindToDevice Broadcast DeferAcceptSec
DeferTrigger DeferTriggerMaxSec DirectoryMode ExecStartPost ExecStartPre ExecStopPost
ExecStopPre FileDescriptorName FlushPending FreeBind IPTOS IPTTL KeepAlive
KeepAliveIntervalSec KeepAliveProbes KeepAliveTimeSec ListenDatagram ListenFIFO
ListenMessageQueue ListenNetlink ListenSequentialPacket ListenSpecial ListenStream
ListenUSBFunction Mark MaxConnections MaxConnectionsPerSource MessageQueueMaxMessages
MessageQueueMessageSize NoDelay PassCredentials PassFileDescriptorsToExec PassPIDFD
PassPacketInfo PassSecurity PipeSize PollLimitBurst PollLimitIntervalSec Priority
ReceiveBuffer RemoveOnStop ReusePort SELinuxContextFromNet SendBuffer Service SmackLabel
SmackLabelIPIn SmackLabelIPOut SocketGroup SocketMode SocketProtocol SocketUser Symlinks
TCPCongestion Timestamping Transparent TriggerLimitBurst TriggerLimitIntervalSec Writable
"""

_MOUNT = """
DirectoryMode ForceUnmount LazyUnmount Options ReadWriteOnly SloppyOptions Type What Where
"""

_SWAP = """
Options Priority What
"""

_AUTOMOUNT = """
DirectoryMode ExtraOptions TimeoutIdleSec Where
"""

_TIMER = """
AccuracySec DeferReactivation FixedRandomDelay OnActiveSec OnBootSec OnCalendar
OnClockChange OnStartupSec OnTimezoneChange OnUnitActiveSec OnUnitInactiveSec Persistent
RandomizedDelaySec RandomizedOffsetSec RemainAfterElapse Unit WakeSystem
"""

_PATH = """
DirectoryMode DirectoryNotEmpty MakeDirectory PathChanged PathExists PathExistsGlob
PathModified TriggerLimitBurst TriggerLimitIntervalSec Unit
"""

_INSTALL = """
Alias Also DefaultInstance RequiredBy UpheldBy WantedBy
"""

_SCOPE = """
OOMPolicy RuntimeMaxSec RuntimeRandomizedExtraSec TimeoutStopSec
"""

_SLICE = """
ConcurrencyHardMax ConcurrencySoftMax
"""

_PROCESSES = f"{_CGROUP} {_EXECUTION} {_KILLING}"

SECTIONS: dict[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in (
        ("Unit", _UNIT),
        ("Install", _INSTALL),
        ("Service", f"{_SERVICE} {_PROCESSES}"),
        ("Socket", f"{_SOCKET} {_PROCESSES}"),
        ("Mount", f"{_MOUNT} {_PROCESSES}"),
        ("Swap", f"{_SWAP} {_PROCESSES}"),
        ("Automount", _AUTOMOUNT),
        ("Timer", _TIMER),
        ("Path", _PATH),
        ("Slice", f"{_SLICE} {_CGROUP}"),
        ("Scope", f"{_SCOPE} {_CGROUP} {_KILLING}"),
    )
}
"""Section -> its settings."""

_BOOLEANS = """
Accept AllowIsolate BlockIOAccounting Broadcast CPUAccounting CPUSchedulingResetOnFork
DefaultDependencies DynamicUser FixedRandomDelay FlushPending ForceUnmount FreeBind
GuessMainPID IOAccounting IPAccounting IgnoreOnIsolate IgnoreSIGPIPE KeepAlive LazyUnmount
LockPersonality MakeDirectory MemoryAccounting MemoryDenyWriteExecute NoDelay
NoNewPrivileges NonBlocking OnClockChange OnFailureIsolate OnTimezoneChange PassCredentials
PassPacketInfo PassSecurity PermissionsStartOnly Persistent PrivateDevices PrivateIPC
PrivateMounts PrivateNetwork ProtectClock ProtectKernelLogs ProtectKernelModules
ProtectKernelTunables ReadWriteOnly RefuseManualStart RefuseManualStop RemainAfterElapse
RemainAfterExit RemoveIPC RemoveOnStop RestrictRealtime RestrictSUIDSGID ReusePort
RootDirectoryStartOnly SELinuxContextFromNet SendSIGHUP SendSIGKILL SloppyOptions
StopWhenUnneeded SyslogLevelPrefix TTYReset TTYVHangup TTYVTDisallocate TasksAccounting
Transparent WakeSystem Writable
"""
BOOLEANS = frozenset(_BOOLEANS.split())
"""Boolean settings of any section, without those that accept other values since systemd 257."""

_TIMES = """
AccuracySec DeferAcceptSec JobRunningTimeoutSec JobTimeoutSec KeepAliveIntervalSec
KeepAliveTimeSec LogRateLimitIntervalSec OnActiveSec OnBootSec OnStartupSec OnUnitActiveSec
OnUnitInactiveSec RandomizedDelaySec RestartSec RuntimeMaxSec RuntimeRandomizedExtraSec
StartLimitInterval StartLimitIntervalSec TimeoutAbortSec TimeoutCleanSec TimeoutIdleSec
TimeoutSec TimeoutStartSec TimeoutStopSec TriggerLimitIntervalSec WatchdogSec
"""
TIMES = frozenset(_TIMES.split())
"""Settings that take a time span."""
