# SPDX-License-Identifier: Apache-2.0
"""Failure codes of the engine, its providers and its tools: what happened, and what to do about it.

Rules on configs carry their own codes; `ignition.lint.registry` collects those. A test compares this table
with the source in both directions, so every new code needs an entry here.
"""

from __future__ import annotations

AREAS = {
    "IGN10": "Conversion of configs",
    "IGN2": "Disks, arrays, volumes, filesystems, mounts, kernel arguments",
    "IGN3": "Files, users, units, relabelling, the result file",
    "IGN4": "Fetching and merging",
    "IGN5": "Platforms and other sources of configs",
    "IGN6": "Phases, state, command lines",
    "IGN7": "Programs and the system",
    "IGN8": "Tests in guests, reviews of configs",
}

CODES: dict[str, tuple[str, str]] = {
    "IGN1021": (
        "Converting to another spec version would lose something.",
        "Remove the members that are named, or use a version that has them.",
    ),
    "IGN2001": (
        "A device did not appear in time.",
        "Check its name in the config; ignition.wait.device= on the kernel command line waits longer.",
    ),
    "IGN2002": ("The sector size of a disk is unknown.", "Check that it is a whole disk."),
    "IGN2003": (
        "A device carries signatures of several filesystem types.",
        "List them with wipefs and erase the wrong ones, or set wipeFilesystem.",
    ),
    "IGN2004": (
        "A device cannot be read.",
        "Check the disk and its cables; the kernel log has details.",
    ),
    "IGN2005": ("blkid failed on a device.", "Read its message; the kernel log may have details."),
    "IGN2101": (
        "A partition table cannot be read.",
        "Repair it (sgdisk --verify), or set wipeTable to replace it.",
    ),
    "IGN2102": ("A disk has a partition table that is not GPT.", "Set wipeTable to replace it."),
    "IGN2103": (
        "A partition does not fit on its disk.",
        "Make it smaller, move it, or delete the partitions in its place.",
    ),
    "IGN2104": (
        "An existing partition does not match the config.",
        "Describe the existing partition, or set wipePartitionEntry to replace it.",
    ),
    "IGN2105": (
        "A disk to be changed is in use as a whole.",
        "Stop whatever uses it, or remove it from the config.",
    ),
    "IGN2106": (
        "A disk to be wiped has a partition in use.",
        "Remove wipeTable, or stop whatever uses the partition.",
    ),
    "IGN2107": (
        "A partition to be changed is in use.",
        "Stop whatever uses it, or describe the partition as it is.",
    ),
    "IGN2108": (
        "Another program changed a partition table at the same time.",
        "Nothing was written; find out what else partitions the disk.",
    ),
    "IGN2109": ("Another program keeps a disk locked.", "Find it with fuser -v, and stop it."),
    "IGN2110": (
        "The kernel shows other partitions than the table has.",
        "The table on the disk is right; reboot, so that the kernel reads it again.",
    ),
    "IGN2111": (
        "A partition has a number, start or size that no disk can have.",
        "Number partitions from 1; start and size are in MiB.",
    ),
    "IGN2112": ("A partition is used as a disk.", "Name the whole disk, and list its partitions."),
    "IGN2113": (
        "A device to be written is read-only.",
        "Check for a write-protect switch, and how the virtual disk is attached.",
    ),
    "IGN2114": (
        "A device has size zero: an inactive array, or a drive without a medium.",
        "Start the array (mdadm --run), or insert a medium.",
    ),
    "IGN2115": (
        "The numbers of devices and spares do not fit the level of an array.",
        "List as many devices as the level needs, plus the spares.",
    ),
    "IGN2116": (
        "A partition table cannot be written.",
        "Check the disk and the devices below it; the kernel log has details. Then run the phase again.",
    ),
    "IGN2117": (
        "A link to a device cannot be created below /run.",
        "Check that the device still exists, and that /run is writable.",
    ),
    "IGN2118": (
        "Devices of the config are built on each other in a circle.",
        "Build one of them on a device that exists, or that another entry creates.",
    ),
    "IGN2119": (
        "An encrypted volume is used as a disk.",
        "Partition the disk below it, and encrypt the partitions.",
    ),
    "IGN2120": (
        "Events of a device are not processed by udev.",
        "See systemd-udevd.service, the programs in its rules, and the kernel log; then run the phase again.",
    ),
    "IGN2201": (
        "Another array of the same name is running.",
        "Stop it and clear its members, or describe it as it is.",
    ),
    "IGN2202": ("A member of an array is in use.", "Stop whatever uses it."),
    "IGN2203": ("mdadm is missing.", "Include it in the initramfs."),
    "IGN2204": (
        "An array created by an earlier run does not match the config.",
        "Inspect it with mdadm --detail; clear its members to have it created again.",
    ),
    "IGN2301": ("cryptsetup is missing.", "Include it in the initramfs."),
    "IGN2302": (
        "An encrypted volume cannot be made on a device, or what is there cannot be reused for it.",
        "Set wipeVolume to replace it, or describe it as it is and give its key file to keep it.",
    ),
    "IGN2303": (
        "The device or the name of an encrypted volume is in use.",
        "Stop whatever uses it.",
    ),
    "IGN2304": (
        "The key file of an encrypted volume is empty, larger than cryptsetup allows, or missing.",
        "Give a key of 1 byte to 8 MiB, or leave keyFile out to have one generated.",
    ),
    "IGN2305": (
        "The key does not open an encrypted volume that is to be reused.",
        "Give the key that the volume was made with, or set wipeVolume to replace it.",
    ),
    "IGN2306": (
        "A program that clevis needs to bind a volume is missing.",
        "Include clevis and the pin in the initramfs; dracut's modules are named clevis and clevis-pin-*.",
    ),
    "IGN2307": (
        "A volume is to be bound to a TPM 2.0, and the machine has none that works.",
        "Enable it in the firmware, or give the virtual machine one.",
    ),
    "IGN2308": (
        "A Tang server refuses to advertise its keys, or has no key with the thumbprint of the config.",
        "Run tang-show-keys on the server, and compare it with the config.",
    ),
    "IGN2309": (
        "A volume does not unlock by its clevis pins.",
        "Check that its Tang servers are reachable, and that it was bound to this machine's TPM.",
    ),
    "IGN2310": (
        "A run with another config left an encrypted volume unfinished.",
        "Set wipeVolume to replace it. Nothing can be in it.",
    ),
    "IGN2311": (
        "A volume cannot use a crypto card.",
        "Only s390x machines with a Crypto Express card in CCA mode have one.",
    ),
    "IGN2312": (
        "clevis cannot bind a volume.",
        "Check the threshold, and the configuration of a custom pin.",
    ),
    "IGN2401": (
        "A device holds another filesystem than the config asks for.",
        "Set wipeFilesystem to replace it, or describe the existing one to keep it.",
    ),
    "IGN2402": (
        "A device to be formatted is in use.",
        "Stop whatever uses it, or remove wipeFilesystem to keep its contents.",
    ),
    "IGN2403": (
        "The format of a filesystem is unknown.",
        "Use ext4, xfs, btrfs, vfat, swap or none.",
    ),
    "IGN2404": ("The mkfs program of a filesystem is missing.", "Include it in the initramfs."),
    "IGN2405": (
        "A device holds an unfinished filesystem from a run with another config.",
        "Set wipeFilesystem to replace it, or wipe it with wipefs.",
    ),
    "IGN2406": (
        "A device to be formatted cannot be written.",
        "Check that it is neither read-only nor failing; the kernel log has details.",
    ),
    "IGN2501": (
        "A component of a mount path is not a directory.",
        "Mount on a path without symlinks and files.",
    ),
    "IGN2502": ("mount succeeded without effect.", "Check the kernel log."),
    "IGN2503": (
        "A filesystem to be unmounted is not mounted.",
        "Run the mount phase in the same boot.",
    ),
    "IGN2504": ("A filesystem cannot be unmounted.", "Find what keeps it busy with fuser -vm."),
    "IGN2601": (
        "The distribution's helper failed to change kernel arguments.",
        "Install an ignition-kargs-helper that supports the boot loader.",
    ),
    "IGN3000": (
        "The kernel refused a file operation.",
        "Read the kernel's message after the path.",
    ),
    "IGN3001": ("A filesystem or quota is full.", "Make it larger, or write less."),
    "IGN3002": ("A filesystem is read-only.", "Mount it writable before the files phase."),
    "IGN3003": (
        "A component of a path is not a directory.",
        "Remove what is in its place, or use another path.",
    ),
    "IGN3004": ("A path has too many symlinks.", "Check whether they form a loop."),
    "IGN3005": (
        "An operation is not permitted.",
        "Check that the engine runs as root and the file is not immutable.",
    ),
    "IGN3006": ("A file or directory is in use.", "Check whether it is a mount point."),
    "IGN3007": ("A name is too long for its filesystem.", "Use a shorter one."),
    "IGN3008": (
        "Two paths must be on the same filesystem but are not.",
        "Use paths on one filesystem, or a copy instead of a hard link.",
    ),
    "IGN3009": (
        "A mount point or the root directory would have to be replaced.",
        "Remove overwrite, or mount the filesystem elsewhere.",
    ),
    "IGN3101": (
        "Two entries resolve to the same path.",
        "Remove one of them, or write its path without the symlink.",
    ),
    "IGN3102": (
        "The user or group that should own something does not exist.",
        "Add it to passwd, or give its number as id.",
    ),
    "IGN3103": ("A file with other contents exists at a path.", "Set overwrite to replace it."),
    "IGN3104": (
        "Something other than a regular file is in place of a file.",
        "Set overwrite to replace it, or use another path.",
    ),
    "IGN3105": (
        "Something other than a directory is in place of a directory.",
        "Set overwrite to replace it.",
    ),
    "IGN3106": ("A symlink exists and has another target.", "Set overwrite to replace it."),
    "IGN3107": (
        "Something other than a symlink is in place of a symlink.",
        "Set overwrite to replace it.",
    ),
    "IGN3108": (
        "Another file is in place of a hard link.",
        "Set overwrite to replace it, or remove the link from the config.",
    ),
    "IGN3109": (
        "The target of a hard link does not exist.",
        "Write it in the same config, or check its path.",
    ),
    "IGN3120": (
        "The target of a hard link is a directory.",
        "Remove `hard` to create a symlink, or name a file.",
    ),
    "IGN3201": (
        "A user or group cannot be created or changed.",
        "Read the program's message, which follows.",
    ),
    "IGN3202": ("A user that should exist by now does not.", "Add it to passwd.users."),
    "IGN3203": (
        "A name is not valid for a user or group.",
        "Start with a letter or an underscore, and continue with letters, digits and hyphens.",
    ),
    "IGN3204": (
        "A user may not write to the directory of their SSH keys.",
        "Make sure that the user owns the home, and that the path to the keys has only directories.",
    ),
    "IGN3210": (
        "The number of a user or group is already taken.",
        "Use another uid or gid, or leave it unset.",
    ),
    "IGN3211": (
        "A user should be in a group that does not exist.",
        "Add it to passwd.groups, or check its name.",
    ),
    "IGN3212": (
        "A new user cannot get a group of the same name, since it exists already.",
        "Set primaryGroup to use the existing group, or noUserGroup.",
    ),
    "IGN3213": (
        "A user gets SSH keys but has no home.",
        "Remove noCreateHome, or include the home in the image, owned by the user.",
    ),
    "IGN3214": (
        "A group to be deleted is the primary group of a user who stays.",
        "Delete the user in the same config, or keep the group.",
    ),
    "IGN3301": (
        "A symlink that enables or masks a unit cannot be removed.",
        "Read the reason, which follows.",
    ),
    "IGN3401": (
        "Relabelling for SELinux failed.",
        "Check that setfiles is in the initramfs and the policy is in the target.",
    ),
    "IGN3402": (
        "Something else is in place of a file that the engine uses: a device, FIFO, socket or directory.",
        "Remove it from the image.",
    ),
    "IGN3403": (
        "A file that the engine reads is too large.",
        "Remove it from the image, or shorten it.",
    ),
    "IGN3404": (
        "The name of the target's SELinux policy is not valid.",
        "Correct SELINUXTYPE in /etc/selinux/config of the image.",
    ),
    "IGN3405": (
        "The journal in the target was not written by this engine.",
        "Remove /etc/.ignition-journal from the image.",
    ),
    "IGN3406": (
        "Moving a home was interrupted, and neither the old nor the new one is complete.",
        "Merge the two directories by hand.",
    ),
    "IGN3407": (
        "Written data did not reach the disk.",
        "Check the kernel log; a device is failing, or a pool or image below it is full.",
    ),
    "IGN3501": (
        "The key of an encrypted volume is gone.",
        "Start again from the first phase: keys are only in memory until the files phase stores them.",
    ),
    "IGN3502": ("The ID of this boot cannot be read.", "Check that /proc is mounted."),
    "IGN3503": (
        "The result file of an earlier run is malformed.",
        "Remove it if this system was never provisioned.",
    ),
    "IGN3504": (
        "A file exists where the key of an encrypted volume belongs.",
        "Remove it from the image or the config, or give the volume another name.",
    ),
    "IGN3505": (
        "The UUID of an encrypted volume cannot be read from its device.",
        "Check that the disks phase ran in this boot and that the device is still there.",
    ),
    "IGN4001": ("The scheme of a URL is unknown.", "Use http, https, data, tftp, s3, arn or gs."),
    "IGN4003": (
        "Something must be fetched and the network is not up yet.",
        "Nothing: the fetch phase runs with the network up. In a phase of your own, remove --offline.",
    ),
    "IGN4004": ("A resource does not exist on its server.", "Check its URL."),
    "IGN4005": (
        "A server refuses a resource.",
        "Read its status, which follows. Check URL and headers.",
    ),
    "IGN4006": (
        "A resource could not be fetched in time.",
        "Check server and network; timeouts.httpTotal and ignition.wait.fetch= set the limit.",
    ),
    "IGN4007": (
        "The transfer of a resource broke off at every attempt.",
        "Check the server; nothing of the resource was used.",
    ),
    "IGN4008": (
        "A config is too large for memory.",
        "Move large contents to files that are fetched separately; these have no limit.",
    ),
    "IGN4009": (
        "A body that should be gzip is not, or is truncated.",
        "Remove compression, or compress it again.",
    ),
    "IGN4010": ("The compression is unknown.", "Use gzip, or none."),
    "IGN4011": (
        "The checksum of a body differs from the one in the config.",
        "Correct verification.hash, or find out who changed the body.",
    ),
    "IGN4012": (
        "A URL or its headers do not form a valid request.",
        "Check host, port and headers.",
    ),
    "IGN4013": ("A server redirects endlessly.", "Use the URL that the redirects should lead to."),
    "IGN4014": ("A server redirects to a scheme other than http and https.", "Use the final URL."),
    "IGN4015": ("A request header has no value.", "Add a value, or remove the header."),
    "IGN4016": ("A data URL is malformed.", "Encode it again: data:,TEXT or data:;base64,TEXT."),
    "IGN4017": ("A body cannot be written to its file.", "Read the reason, which follows."),
    "IGN4018": (
        "A certificate authority is not a PEM certificate.",
        "Use one or more PEM certificates, with nothing after the last.",
    ),
    "IGN4019": (
        "The initramfs lacks what a URL scheme needs.",
        "Build the initramfs with it, or use another scheme.",
    ),
    "IGN4021": ("A checksum in the config is malformed.", "Write sha512-HEX or sha256-HEX."),
    "IGN4022": (
        "A resource changed on its server during the transfer.",
        "Provision again; verification.hash would tell which version is meant.",
    ),
    "IGN4023": (
        "A body would fill the filesystem when decompressed.",
        "Check that it is the right one; if it is, make the filesystem larger.",
    ),
    "IGN4024": (
        "A body does not fit on its filesystem.",
        "Make the filesystem larger, or put the file on another one.",
    ),
    "IGN4030": (
        "The server requires a source port below 1024, and none is available.",
        "Run as root, or with CAP_NET_BIND_SERVICE.",
    ),
    "IGN4031": (
        "A config leads to more than 4096 others.",
        "Merge some of them: nested references multiply quickly.",
    ),
    "IGN4040": (
        "A request header has a name or value that cannot be sent.",
        "Use letters, digits and hyphens in the name, and no control characters in the value.",
    ),
    "IGN4101": (
        "A reference to another config has no source.",
        "Add a source, or remove the reference.",
    ),
    "IGN4102": (
        "A referenced config is empty.",
        "Remove the reference, or serve at least a config with a version.",
    ),
    "IGN4103": ("A config refers to itself.", "Break the cycle that the hint lists."),
    "IGN4104": (
        "Configs refer to each other without end.",
        "Find out what generates new references.",
    ),
    "IGN4105": (
        "Configs that are valid on their own are not valid when merged.",
        "Read the findings: each names the config that it comes from.",
    ),
    "IGN4110": ("The config cannot be kept for the fetch phase.", "Make /run/ignition writable."),
    "IGN4121": ("There is no config cache.", "Run a fetch phase before this one."),
    "IGN4122": ("The config cache is malformed.", "Run a fetch phase again."),
    "IGN4123": (
        "The base configs in the state are not those of the fetch phase.",
        "Run the fetch phase again without the state file.",
    ),
    "IGN4200": (
        "Objects of S3 are not decompressed.",
        "Remove compression, or serve the resource by https.",
    ),
    "IGN4201": (
        "An s3: or arn: URL does not name a valid object.",
        "Write s3://BUCKET/KEY, arn:PARTITION:s3:::BUCKET/KEY, or an access point's ARN with /object/KEY.",
    ),
    "IGN4202": (
        "A bucket does not exist in this AWS partition.",
        "Check its name; use an ARN for buckets of other partitions.",
    ),
    "IGN4203": ("S3 does not tell the region of a bucket.", "Check the name of the bucket."),
    "IGN4204": ("An object does not exist in its bucket.", "Check key and versionId."),
    "IGN4205": (
        "S3 refuses an object.",
        "Let the instance's role read it, or make it public; the error says which was tried.",
    ),
    "IGN4206": (
        "The metadata service returns no credentials for the instance's role.",
        "Attach a role to the instance, and leave the metadata service enabled.",
    ),
    "IGN4220": (
        "A tftp: URL does not form a valid request.",
        "Write tftp://HOST/PATH or tftp://HOST:PORT/PATH.",
    ),
    "IGN4221": (
        "A file does not exist on a TFTP server.",
        "Check the path; the server gets it with its leading slash.",
    ),
    "IGN4222": ("A TFTP server refuses.", "Read its message, which follows."),
    "IGN4223": (
        "A TFTP server does not respond, or breaks off at every attempt.",
        "Check the server; ignition.wait.fetch= allows more time.",
    ),
    "IGN4240": ("A gs: URL does not name an object.", "Write gs://BUCKET/OBJECT."),
    "IGN5001": ("A source has no config.", "Nothing: the next source is asked."),
    "IGN5003": (
        "The provider of a platform is not in this initramfs.",
        "Add the platform to ignition_platforms when the initramfs is built.",
    ),
    "IGN5101": ("The kernel command line cannot be read.", "Check that /proc is mounted."),
    "IGN5102": (
        "Two kernel arguments belong together, and one is missing.",
        "Set both ignition.config.device= and ignition.config.path=.",
    ),
    "IGN5103": ("A name is not valid as a filesystem label.", "Check ignition.config.device=."),
    "IGN5104": (
        "No filesystem with that label appeared.",
        "Check the label; the hint lists the existing ones.",
    ),
    "IGN5105": ("A config does not exist on its filesystem.", "Check ignition.config.path=."),
    "IGN5201": ("The kernel module for fw_cfg cannot be loaded.", "Include it in the initramfs."),
    "IGN5202": ("The size of the config in fw_cfg cannot be read.", "Check the options of QEMU."),
    "IGN5203": ("The config in fw_cfg cannot be read.", "Check the options of QEMU."),
    "IGN5204": ("The config in fw_cfg is truncated.", "Check the options of QEMU."),
    "IGN5205": (
        "The kernel module for virtio disks cannot be loaded.",
        "Include it in the initramfs.",
    ),
    "IGN5206": (
        "The disk with the config did not appear.",
        "Give QEMU a virtio-blk device with the serial number ignition.",
    ),
    "IGN5207": ("The disk with the config cannot be read.", "Check the options of QEMU."),
    "IGN5301": ("The config of the platform `file` cannot be read.", "Check IGNITION_CONFIG_FILE."),
    "IGN5302": ("user.ign of the system cannot be read.", "Check its folder and mode."),
    "IGN5401": ("A base config cannot be read.", "Check the base.d folders of the distribution."),
    "IGN5402": (
        "A base config is not valid and was ignored.",
        "Correct it; the distribution provides it.",
    ),
    "IGN5501": (
        "A metadata service does not know the path of the config.",
        "Check ignition.platform.id=, and that the service is enabled.",
    ),
    "IGN5502": ("A metadata service returns no usable token.", "Check that it is enabled."),
    "IGN5503": (
        "The user data is not valid base64.",
        "Pass the config to the platform's tool as it expects it, usually encoded once.",
    ),
    "IGN5504": ("The metadata has no URL for status reports.", "Check the platform's metadata."),
    "IGN5510": (
        "Neither a drive nor a metadata service had a config in time.",
        "Check ignition.platform.id= and the machine's drives; ignition.wait.fetch= sets the limit.",
    ),
    "IGN5520": ("The kernel module vsock cannot be loaded.", "Include it in the initramfs."),
    "IGN5521": ("The host offers no config over vsock.", "Start vfkit with --ignition."),
    "IGN5522": ("The host does not respond in HTTP over vsock.", "Check what listens there."),
    "IGN5530": (
        "No provisioning DVD appeared in time.",
        "Attach it again; check ignition.platform.id=; ignition.wait.fetch= sets the limit.",
    ),
    "IGN5540": (
        "The drive with the config did not appear.",
        "Attach it with exactly the label that is named; check ignition.platform.id=.",
    ),
    "IGN5541": (
        "The drive with the config cannot be mounted.",
        "Create it again; the initramfs must support its filesystem.",
    ),
    "IGN5542": (
        "The drive holds user data for cloud-init.",
        "Replace it with the Ignition config, or correct ignition.platform.id=.",
    ),
    "IGN5600": ("The machine is not a VMware virtual machine.", "Check ignition.platform.id=."),
    "IGN5601": (
        "The VMware hypervisor cannot be reached.",
        "Read the reasons in the hint; port I/O, vsock or open-vm-tools must work.",
    ),
    "IGN5602": (
        "The encoding of the config in guestinfo is unknown.",
        "Set it to base64 or gzip+base64, or leave it out.",
    ),
    "IGN5603": (
        "The config in guestinfo is not valid base64.",
        "Encode it again; check that it was not truncated.",
    ),
    "IGN5605": (
        "The OVF environment cannot be parsed to delete the config.",
        "Check guestinfo.ovfenv.",
    ),
    "IGN5620": (
        "The device of the VirtualBox driver cannot be opened.",
        "Include vboxguest in the initramfs; check ignition.platform.id=.",
    ),
    "IGN5621": (
        "The VirtualBox driver or host fails.",
        "Check the kernel log and the log of the virtual machine.",
    ),
    "IGN5622": (
        "The guest property has an encoding, which is not supported.",
        "Store the config unencoded, and unset /Ignition/Config/Encoding.",
    ),
    "IGN5623": ("VirtualBox returns a malformed property.", "Set the property again."),
    "IGN5624": ("The guest may not delete its config.", "Set the property without RDONLYGUEST."),
    "IGN5640": (
        "This platform cannot delete a config.",
        "Remove the call; only virtualbox and vmware support it.",
    ),
    "IGN5650": ("The kernel module hv_utils cannot be loaded.", "Include it in the initramfs."),
    "IGN5651": (
        "The device of Hyper-V's key-value pairs cannot be opened.",
        "Check ignition.platform.id=; enable the data exchange service; stop hv_kvp_daemon.",
    ),
    "IGN5652": (
        "Exchanging key-value pairs with the host failed.",
        "Power-cycle the machine: the host sends its pairs once.",
    ),
    "IGN5653": (
        "The kernel and the provider disagree on the format of Hyper-V's messages.",
        "Please report it, with the version of the kernel.",
    ),
    "IGN5654": (
        "Hyper-V did not stop sending key-value pairs in time.",
        "Increase ignition.wait.fetch=.",
    ),
    "IGN5660": (
        "The kernel module mlxbf_bootctl cannot be loaded.",
        "Include it in the initramfs.",
    ),
    "IGN5661": ("The boot FIFO cannot be read.", "Push the config again."),
    "IGN5665": ("The kernel module vmur cannot be loaded.", "Include it in the initramfs."),
    "IGN5666": (
        "The virtual reader of z/VM cannot be brought online.",
        "Give the guest a reader 000c; include chccwdev and cio_ignore in the initramfs.",
    ),
    "IGN5667": ("The virtual reader cannot be listed.", "Include vmur in the initramfs."),
    "IGN5668": ("The config in the virtual reader cannot be received.", "Punch it again."),
    "IGN5669": ("The received config cannot be read.", "Punch it again."),
    "IGN6001": (
        "A boolean in the environment is neither true nor false.",
        "Set it to true, 1, false or 0.",
    ),
    "IGN6002": (
        "A time on the kernel command line is malformed.",
        "Use seconds (90) or a duration (1m30s).",
    ),
    "IGN6003": (
        "The platform is missing or unknown.",
        "Set ignition.platform.id= on the kernel command line.",
    ),
    "IGN6004": ("A command line is malformed.", "Run ignition --help."),
    "IGN6005": ("A command is not implemented yet.", "Run ignition --help for those that are."),
    "IGN6101": ("The state file cannot be read.", "Check its mode; remove it to start over."),
    "IGN6102": ("The state file is malformed.", "Remove it to start over."),
    "IGN6103": ("The state file cannot be written.", "Make its directory writable."),
    "IGN6201": (
        "The network cannot be requested.",
        "Make the directory of the neednet file writable.",
    ),
    "IGN6202": ("The config cache cannot be written.", "Make its directory writable."),
    "IGN6203": ("Idle phases cannot be marked.", "Make /run/ignition writable."),
    "IGN6204": (
        "The config needs a stage that is not in this initramfs.",
        "Build the initramfs with the whole engine.",
    ),
    "IGN6205": (
        "A signal ended the run.",
        "Completed steps stay; run the phase again to finish it.",
    ),
    "IGN6210": (
        "The result file is from another boot, so the first boot is not complete.",
        "Look at ignition-files.service of this boot; the next boot is a first boot again.",
    ),
    "IGN6211": (
        "The first-boot flag cannot be cleared.",
        "Read the message before it; make the boot filesystem writable and restart the unit.",
    ),
    "IGN6212": (
        "No boot filesystem has the first-boot flag.",
        "Remove the kernel argument ignition.firstboot where it was set: PXE, virsh, a boot loader.",
    ),
    "IGN6220": (
        "The root filesystem cannot be made writable.",
        "Look for errors of the disk in the kernel's log; a write-protected root cannot be provisioned.",
    ),
    "IGN6301": (
        ".ignition-lint.toml cannot be read.",
        "Check that it is valid TOML, and its mode.",
    ),
    "IGN6302": ("A rule in the selection does not exist.", "Use a code or a name of docs/rules."),
    "IGN6303": ("A severity in the selection does not exist.", "Use error, warning, info or off."),
    "IGN6304": (
        ".ignition-lint.toml has an unknown key or a wrong value.",
        "Compare it with docs/lint.md.",
    ),
    "IGN6305": ("A platform in the selection does not exist.", "Use an ID that the hint lists."),
    "IGN6310": (
        "A directory or pattern matches no config.",
        "Check the path; configs end in .ign.",
    ),
    "IGN6311": ("A config cannot be read.", "Check its path and mode."),
    "IGN6312": ("The output cannot be written.", "Check its path, its mode, and the free space."),
    "IGN6313": (
        "A command is not in this initramfs, or not on this machine.",
        "Run it on an installed system; test and expect, from the Python package.",
    ),
    "IGN6314": (
        "A worker process of lint was killed.",
        "It may have run out of memory: lint fewer or smaller configs at a time.",
    ),
    "IGN6501": (
        "A part of the config cannot be applied to a container or a root.",
        "Remove it, or skip it with --ignore-unsupported.",
    ),
    "IGN6502": (
        "The program ignition-apply was called outside of a container.",
        "Change an image or a chroot with ignition apply --root; reprovision a machine.",
    ),
    "IGN6503": (
        "The root to apply a config to is that of the running system.",
        "Name the root of an image, a container or a chroot; use ignition-apply in a container.",
    ),
    "IGN6504": (
        "The root to apply a config to is not the root of a system.",
        "Name a folder that has the folders etc and usr.",
    ),
    "IGN6505": (
        "The root to apply a config to cannot be written.",
        "Mount it without ro, or apply the config to a copy.",
    ),
    "IGN6506": (
        "The root to apply a config to has too little free space.",
        "Free some space, or enlarge the filesystem.",
    ),
    "IGN6507": (
        "The root to apply a config to belongs to somebody else.",
        "Run the command as the user who unpacked it, or give the tree to root.",
    ),
    "IGN6508": (
        "Applying a config takes root, or a user namespace.",
        "Do what the message lists, or run the command as root.",
    ),
    "IGN6509": (
        "The root to apply a config to has no program for accounts.",
        "Install passwd or shadow-utils in the root or on this machine.",
    ),
    "IGN6900": (
        "The engine has a defect.",
        "Please report the line, with the config if it holds no secrets.",
    ),
    "IGN7001": ("A program cannot be started.", "Include it in the initramfs, on PATH."),
    "IGN7002": ("A program failed.", "Read the end of its output; the log has all of it."),
    "IGN7003": ("The kernel refused an operation.", "Read its message, which follows."),
    "IGN7004": (
        "The kernel refuses new threads or processes.",
        "Raise TasksMax= and LimitNPROC= of the unit.",
    ),
    "IGN7005": (
        "The engine is out of memory.",
        "Give the machine more memory, or raise MemoryMax=.",
    ),
    "IGN7006": ("The engine may not open more files.", "Raise LimitNOFILE= of the unit."),
    "IGN7007": ("A file exceeded a size limit.", "Raise LimitFSIZE= of the unit."),
    "IGN7101": ("A file on a config drive cannot be read.", "Check the drive."),
    "IGN8001": ("Programs for guests are missing.", "Install the packages that the hint names."),
    "IGN8002": (
        "A program that builds a guest failed.",
        "Read the end of its output, which follows.",
    ),
    "IGN8003": (
        "Building the image takes rights that are missing.",
        "Run the commands that the hint names, or run it as root.",
    ),
    "IGN8004": (
        "The folder for images is full, or cannot be written.",
        "Make room, or set IGNITION_BUILD_DIR to another folder.",
    ),
    "IGN8005": (
        "Debian's packages for the image cannot be fetched.",
        "Check the network and http_proxy, or name a mirror in IGNITION_DEBIAN_MIRROR.",
    ),
    "IGN8006": (
        "The default image cannot be built from this Debian release.",
        "Set IGNITION_SUITE to one of those that the hint names.",
    ),
    "IGN8010": ("QEMU failed.", "Read the end of its output, which follows."),
    "IGN8011": (
        "There is no memory for a guest.",
        "Give it less with --memory, or run fewer guests at once with --jobs.",
    ),
    "IGN8012": (
        "A guest's folder cannot be written.",
        "Check owner and mode of the folder, and that it is a folder.",
    ),
    "IGN8013": (
        "There is no space for a guest's disks and logs.",
        "Free some space, or name another folder in IGNITION_BUILD_DIR.",
    ),
    "IGN8101": (
        "A file of expectations is not valid.",
        "Its findings, with the codes below, say what to change.",
    ),
    "IGN8102": (
        "A file of expectations is not YAML.",
        "Write it as YAML or JSON, in UTF-8, one document per file.",
    ),
    "IGN8103": (
        "A value in a file of expectations has the wrong type, or is missing.",
        "Compare it with docs/expectations.md.",
    ),
    "IGN8104": (
        "A file of expectations has a key that does not exist.",
        "The hint names the nearest key; docs/expectations.md has all.",
    ),
    "IGN8105": ("A key of a file of expectations is given twice.", "Remove one of them."),
    "IGN8106": (
        "A mode in a file of expectations is written in decimal.",
        "Write it in octal with a leading zero: 0644.",
    ),
    "IGN8107": (
        "A regular expression in a file of expectations is not valid.",
        "Correct it, or use contains for plain text.",
    ),
    "IGN8108": (
        "Two expectations contradict each other.",
        "Remove one of them, or join them in one item.",
    ),
    "IGN8109": (
        "A value in a file of expectations is not possible.",
        "The message says what it must be.",
    ),
    "IGN8110": (
        "A file of expectations is too large.",
        "Expect large contents by their sha256, and use fewer aliases.",
    ),
    "IGN8150": (
        "The report of a guest is too large.",
        "Expect the sha256 of large files, and less output of commands.",
    ),
    "IGN8151": ("The report of a guest cannot be read.", "Check the folder of the test's files."),
    "IGN8201": ("There is no such disk image.", "Check the path that --image gives."),
    "IGN8202": ("A disk image cannot be read.", "Check its permissions."),
    "IGN8203": (
        "A disk image has a format that guests do not boot.",
        "Unpack or convert it, as the hint says.",
    ),
    "IGN8204": ("A file is not a disk image.", "Give a qcow2 or raw image of a disk."),
    "IGN8205": ("A disk image is damaged or incomplete.", "Download or copy it again."),
    "IGN8206": ("Another program writes to a disk image.", "Shut down the machine that uses it."),
    "IGN8207": ("The UEFI firmware is not installed.", "Install the package that the hint names."),
    "IGN8208": (
        "Kernel, initramfs and kernel arguments of an image do not fit together.",
        "Give --kernel and --initrd, and --append if needed.",
    ),
    "IGN8209": (
        "A disk image has nothing that the firmware can start.",
        "Use another image or firmware, or give --kernel and --initrd.",
    ),
    "IGN8210": (
        "There is no space for a guest's disk.",
        "Make room, or set IGNITION_BUILD_DIR to another folder.",
    ),
    "IGN8301": ("There is no such platform.", "Check the name; the hint has the nearest one."),
    "IGN8302": (
        "This platform cannot be played here.",
        "Test with another platform; those that are played are in the hint.",
    ),
    "IGN8303": (
        "This image cannot be told what the platform needs.",
        "Start its kernel directly, with --kernel, --initrd and --append.",
    ),
    "IGN8320": (
        "The value of --disk cannot be parsed.",
        "Write SIZE[,bus=virtio|scsi|nvme|ide][,serial=TEXT].",
    ),
    "IGN8321": ("A guest has too many ATA disks.", "Use another bus for some of them."),
    "IGN8322": (
        "A config needs a TPM, and no guest here can have one.",
        "Install swtpm, or read its message.",
    ),
    "IGN8330": (
        "There is no such fault.",
        "Check its name and value; the hint has the nearest one.",
    ),
    "IGN8331": (
        "A fault needs something that the machine does not have.",
        "Use another fault, or the config and image that the message names.",
    ),
    "IGN8401": ("An expectations file cannot be read.", "Check its path and mode."),
    "IGN8402": ("No case has this text in its name.", "See the names with ignition test --list."),
    "IGN8403": (
        "Another run of ignition test uses the artefact folder.",
        "Wait for it, or name another folder with --artefacts.",
    ),
    "IGN8404": (
        "Artefacts cannot be kept.",
        "Name another folder with --artefacts, with free space.",
    ),
    "IGN8405": (
        "A shell in the guest needs a terminal and a single case.",
        "Choose the case with -k.",
    ),
    "IGN8408": ("The run was ended before this case was.", "Run it again."),
    "IGN8410": ("The guest's kernel panicked.", "Read the console from that line on."),
    "IGN8411": (
        "The guest's kernel reports a defect.",
        "Read the console from that line on.",
    ),
    "IGN8412": (
        "The guest's kernel hangs.",
        "On a busy host that may pass: use fewer --jobs, or --retries.",
    ),
    "IGN8413": (
        "The guest ran out of memory, and its kernel killed a process.",
        "Raise --memory, or give the service less to do.",
    ),
    "IGN8414": (
        "The out-of-memory daemon of systemd killed a service in the guest.",
        "Raise --memory, or MemoryHigh= of the unit.",
    ),
    "IGN8415": (
        "Units have an ordering cycle, and systemd dropped one of their jobs.",
        "Remove a Before= or After=, or expect the message with an entry in journal.",
    ),
    "IGN8416": (
        "The guest stopped in the emergency shell.",
        "The journal in the artefacts says which unit failed first.",
    ),
    "IGN8418": (
        "The guest's initramfs waited in vain for a device or the network.",
        "Check root= and the disks of the machine; see --disk.",
    ),
    "IGN8419": (
        "The guest said nothing on its serial console.",
        "Its kernel needs console=ttyS0.",
    ),
    "IGN8420": (
        "GRUB found no system to start.",
        "The image has no bootable system, or needs the other --firmware.",
    ),
    "IGN8421": (
        "The firmware found nothing to boot.",
        "The image has no boot loader, or needs the other --firmware.",
    ),
    "IGN8422": (
        "The guest went off without a report.",
        "Something powered it off, or it restarted: read the end of the console.",
    ),
    "IGN8423": (
        "The guest was not done in time.",
        "Read the end of the console, or raise --timeout.",
    ),
    "IGN8424": (
        "Provisioning was expected to fail, but the machine came up.",
        "Correct the section failure of the expectations.",
    ),
    "IGN8425": (
        "Provisioning failed otherwise than expected.",
        "Compare the message with the section failure of the expectations.",
    ),
    "IGN8426": (
        "The machine is not as expected.",
        "The line that is named says what is expected; the artefacts have everything found.",
    ),
    "IGN8427": (
        "Ignition, which has no codes, failed to provision the guest.",
        "Read its message, which follows.",
    ),
    "IGN8501": (
        "Nothing in the config has this name.",
        "Check the name; the hint has the nearest ones.",
    ),
    "IGN8601": (
        "The apply tier cannot use this image.",
        "Give the root of a system as a folder or a tar archive, or boot the image.",
    ),
    "IGN8602": (
        "The apply tier may not create namespaces.",
        "Allow user namespaces, or run it as root.",
    ),
    "IGN8603": ("The apply tier cannot work in this folder.", "Choose another folder."),
    "IGN8604": (
        "The kernel refuses a mount that the apply tier needs.",
        "Use Linux 5.12 or newer, and a container that may mount; or boot the config.",
    ),
    "IGN8605": (
        "The apply tier's child process failed.",
        "Read its last line, which follows.",
    ),
    "IGN8606": (
        "A config was not applied in time.",
        "Look in engine.log for what the engine was waiting for.",
    ),
    "IGN8607": ("The run was interrupted.", "Run it again."),
}
