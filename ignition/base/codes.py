# SPDX-License-Identifier: Apache-2.0
"""Failure codes of the engine, its providers and its tools: what happened, and what to do about it.

Rules on configs carry their own codes; `ignition.lint.registry` collects those. A test compares this table
with the source in both directions, so every new code needs an entry here.
"""

from __future__ import annotations

AREAS = {
    "IGN10": "Texts of configs",
    "IGN2": "Disks, arrays, volumes, filesystems, mounts, kernel arguments",
    "IGN3": "Files, users, units, relabelling, the result file",
    "IGN4": "Fetching and merging",
    "IGN5": "Platforms and other places that configs come from",
    "IGN6": "Phases, state, command lines",
    "IGN7": "Programs and the system",
    "IGN8": "Tests in guests",
}

CODES: dict[str, tuple[str, str]] = {
    "IGN1021": (
        "A conversion to another spec version would lose something.",
        "Take the members out that are named, or stay at a version that has them.",
    ),
    "IGN2001": (
        "A device did not appear in time.",
        "Check its name in the config; ignition.wait.device= on the kernel command line waits longer.",
    ),
    "IGN2002": ("The sector size of a disk is unknown.", "Check that it is a whole disk."),
    "IGN2003": (
        "A device carries signatures of several kinds.",
        "Look at it with wipefs and erase the wrong ones, or set wipeFilesystem.",
    ),
    "IGN2004": (
        "A device cannot be read.",
        "Check the disk and its cables; the kernel's log says more.",
    ),
    "IGN2005": ("blkid failed on a device.", "Read its message; the kernel's log may say more."),
    "IGN2101": (
        "A partition table cannot be read.",
        "Mend it (sgdisk --verify), or set wipeTable to replace it.",
    ),
    "IGN2102": ("A disk has a partition table that is no GPT.", "Set wipeTable to replace it."),
    "IGN2103": (
        "A partition does not fit on its disk.",
        "Make it smaller, move it, or take those away that are in its place.",
    ),
    "IGN2104": (
        "A partition that exists is not what the config describes.",
        "Describe what is there, or set wipePartitionEntry to replace it.",
    ),
    "IGN2105": (
        "A disk to be changed is in use as a whole.",
        "Stop what uses it, or leave it out.",
    ),
    "IGN2106": (
        "A disk to be wiped has a partition in use.",
        "Leave out wipeTable, or stop what uses it.",
    ),
    "IGN2107": (
        "A partition to be changed is in use.",
        "Stop what uses it, or describe it as it is.",
    ),
    "IGN2108": (
        "Another program changed a partition table at the same time.",
        "Nothing was written; find out what else partitions the disk.",
    ),
    "IGN2109": ("Another program keeps a disk locked.", "Find it with fuser -v, and stop it."),
    "IGN2110": (
        "The kernel shows other partitions than were written.",
        "The table on the disk is right; boot again, so that the kernel reads it anew.",
    ),
    "IGN2111": (
        "A partition has a number, a start or a size that no disk can have.",
        "Number partitions from 1, and give start and size in MiB of the disk.",
    ),
    "IGN2112": (
        "A partition is given as a disk.",
        "Name the disk, and list what shall become of its partitions.",
    ),
    "IGN2113": (
        "A device that is to be written to is read-only.",
        "Look for a write-protect switch, or how the virtual disk is attached.",
    ),
    "IGN2114": (
        "A device has no size: an array that is not running, or a drive without a medium.",
        "Start the array (mdadm --run), or put a medium in.",
    ),
    "IGN2115": (
        "An array cannot be made of so many devices and spares.",
        "List as many devices as the level takes, and the spares besides.",
    ),
    "IGN2116": (
        "A partition table cannot be written.",
        "Check the disk, and what it stands on; the kernel's log says more. Then run the phase again.",
    ),
    "IGN2117": (
        "A link to a device cannot be made below /run.",
        "Check that the device is still there, and that /run can be written to.",
    ),
    "IGN2201": (
        "An array cannot be made since one of its name runs that is another.",
        "Stop that one and clear its members, or describe it as it is.",
    ),
    "IGN2202": ("A member of an array is in use.", "Stop what uses it."),
    "IGN2203": ("mdadm is missing.", "Build the initramfs with it."),
    "IGN2204": (
        "An array that an earlier run made does not come up as the config wants it.",
        "Look at it with mdadm --detail; clear its members to have it made anew.",
    ),
    "IGN2301": ("This version does not make LUKS volumes.", "Leave storage.luks out."),
    "IGN2401": (
        "A device holds another filesystem than the config asks for.",
        "Set wipeFilesystem to replace it, or describe what is there to keep it.",
    ),
    "IGN2402": (
        "A device to get a filesystem is in use.",
        "Stop what uses it, or leave out wipeFilesystem to keep what it holds.",
    ),
    "IGN2403": (
        "The format of a filesystem is unknown.",
        "Use ext4, xfs, btrfs, vfat, swap or none.",
    ),
    "IGN2404": ("The program that makes a filesystem is missing.", "Build the initramfs with it."),
    "IGN2405": (
        "A device holds a filesystem that a run with another config began and did not finish.",
        "Set wipeFilesystem to make it anew, or wipe it with wipefs.",
    ),
    "IGN2406": (
        "A device to get a filesystem cannot be written to.",
        "Check that it is neither read-only nor broken; the kernel's log says more.",
    ),
    "IGN2501": (
        "A mount path leads through something that is no folder.",
        "Mount it on a path without symbolic links and files.",
    ),
    "IGN2502": ("mount succeeded without effect.", "Look at the kernel's log."),
    "IGN2503": (
        "A filesystem to be unmounted is not mounted.",
        "Run the mount phase in the same boot.",
    ),
    "IGN2504": ("A filesystem cannot be unmounted.", "Find what keeps it busy with fuser -vm."),
    "IGN2601": (
        "The distribution's helper could not change kernel arguments.",
        "Install an ignition-kargs-helper that fits the boot loader.",
    ),
    "IGN3000": (
        "The kernel refused an operation on a file.",
        "Read its words; they follow the path.",
    ),
    "IGN3001": ("A filesystem or quota is full.", "Make it larger, or write less."),
    "IGN3002": ("A filesystem is read-only.", "Mount it writable before the files phase."),
    "IGN3003": (
        "A part of a path is no directory.",
        "Remove what is in its place, or use another path.",
    ),
    "IGN3004": ("A path has too many symbolic links.", "Check whether they form a loop."),
    "IGN3005": (
        "The kernel does not permit an operation.",
        "Check that the engine runs as root and the file is not immutable.",
    ),
    "IGN3006": ("A file or folder is in use.", "Check whether it is a mount point."),
    "IGN3007": ("A name is too long for its filesystem.", "Use a shorter one."),
    "IGN3008": ("Two paths must be on one filesystem and are not.", "Choose them so, or copy."),
    "IGN3009": (
        "A mount point or the root folder would have to be replaced.",
        "Leave out overwrite, or mount the filesystem elsewhere.",
    ),
    "IGN3101": (
        "Two entries lead to one path, once symbolic links are followed.",
        "Leave one of them out, or write its path without the link.",
    ),
    "IGN3102": (
        "The user or group that shall own something does not exist.",
        "Add it to passwd, or give its number as id.",
    ),
    "IGN3103": ("A file exists at a path, with other contents.", "Set overwrite to replace it."),
    "IGN3104": (
        "Something that is no regular file is in the place of a file.",
        "Set overwrite to replace it, or use another path.",
    ),
    "IGN3105": (
        "Something that is no directory is in the place of one.",
        "Set overwrite to replace it.",
    ),
    "IGN3106": ("A symbolic link exists and leads elsewhere.", "Set overwrite to replace it."),
    "IGN3107": (
        "Something that is no symbolic link is in the place of one.",
        "Set overwrite to replace it.",
    ),
    "IGN3108": (
        "A file that is not the target is in the place of a hard link.",
        "Set overwrite to replace it, or leave the link out.",
    ),
    "IGN3109": (
        "The target of a hard link does not exist.",
        "Write it in the same config, or check its path.",
    ),
    "IGN3120": (
        "The target of a hard link is a directory.",
        "Leave out `hard` to make a symlink, or name a file.",
    ),
    "IGN3201": (
        "A user or group cannot be made or changed.",
        "Read what the program said; it follows.",
    ),
    "IGN3202": ("A user that should exist by now does not.", "Add it to passwd.users."),
    "IGN3203": (
        "No user or group can have this name.",
        "Begin it with a letter or an underscore; go on with letters, digits, hyphens.",
    ),
    "IGN3204": (
        "A user may not write to their own folder of keys.",
        "Let the home exist, belong to the user, and hold nothing else on this path.",
    ),
    "IGN3210": (
        "A number of a user or group is that of another one.",
        "Give another uid or gid, or none.",
    ),
    "IGN3211": (
        "A user is to be in a group that does not exist.",
        "Add it to passwd.groups, or check its name.",
    ),
    "IGN3212": (
        "A new user cannot get a group of the same name, since there is one.",
        "Set primaryGroup to make that group the user's own, or noUserGroup.",
    ),
    "IGN3213": (
        "A user gets keys for ssh and has no home to put them in.",
        "Leave out noCreateHome, or have the home in the image, owned by the user.",
    ),
    "IGN3214": (
        "A group to be deleted is the primary group of a user who stays.",
        "Delete the user in the same config, or keep the group.",
    ),
    "IGN3301": (
        "A link that enables or masks a unit cannot be removed.",
        "Read the reason; it follows.",
    ),
    "IGN3401": (
        "Relabelling for SELinux failed.",
        "Check that setfiles is in the initramfs and the policy on the target.",
    ),
    "IGN3402": (
        "Where the engine reads or writes a file lies something else: a device, a FIFO, a socket, a folder.",
        "Remove it from the image.",
    ),
    "IGN3403": (
        "A file that the engine reads is too large.",
        "Remove it from the image, or shorten it.",
    ),
    "IGN3404": (
        "The target's SELinux policy has a name that is no name.",
        "Mend SELINUXTYPE in /etc/selinux/config of the image.",
    ),
    "IGN3405": (
        "The journal on the target is no file that a run of ours made.",
        "Remove /etc/.ignition-journal from the image.",
    ),
    "IGN3406": (
        "A home was moved by half, and neither the old nor the new one holds all.",
        "Put together by hand what belongs together.",
    ),
    "IGN3407": (
        "What was written did not reach the disk.",
        "Read the kernel's log; a device is broken, or a pool or image below it is full.",
    ),
    "IGN3501": ("This version does not record LUKS volumes.", "Leave storage.luks out."),
    "IGN3502": ("The id of this boot cannot be read.", "Check that /proc is mounted."),
    "IGN3503": (
        "The result file of an earlier run makes no sense.",
        "Remove it if this system was never provisioned.",
    ),
    "IGN4001": ("The scheme of a URL is unknown.", "Use http, https, data, tftp, s3, arn or gs."),
    "IGN4003": (
        "Something must be fetched and there is no network yet.",
        "Nothing: the fetch phase follows with the network up. In a phase of your own, leave out --offline.",
    ),
    "IGN4004": ("The server says that a resource does not exist.", "Check its URL."),
    "IGN4005": (
        "A server refuses a resource.",
        "Read its status; it follows. Check URL and headers.",
    ),
    "IGN4006": (
        "A resource could not be fetched in time.",
        "Check server and network; timeouts.httpTotal and ignition.wait.fetch= set the limit.",
    ),
    "IGN4007": ("A resource broke off at every try.", "Check the server; nothing of it was used."),
    "IGN4008": (
        "A config is too large for memory.",
        "Let files fetch what is large: they have no limit.",
    ),
    "IGN4009": (
        "A body that should be gzip is not, or is cut off.",
        "Take compression out, or pack it again.",
    ),
    "IGN4010": ("A compression is unknown.", "Use gzip, or none."),
    "IGN4011": (
        "A body does not have the sum that the config names.",
        "Fix verification.hash, or find out who changed the body.",
    ),
    "IGN4012": ("A URL or its headers make no request.", "Check host, port and header texts."),
    "IGN4013": (
        "A server redirects without end.",
        "Give the URL to which the redirects should lead.",
    ),
    "IGN4014": ("A server redirects away from http and https.", "Give the URL that is meant."),
    "IGN4015": ("A header of a request has no value.", "Give it one, or take it out."),
    "IGN4016": ("A data URL is malformed.", "Encode it again: data:,TEXT or data:;base64,TEXT."),
    "IGN4017": ("A body cannot be written to its file.", "Read the reason; it follows."),
    "IGN4018": (
        "A certificate authority is no certificate in PEM form.",
        "Give one or more such certificates, with nothing after the last.",
    ),
    "IGN4019": (
        "What a scheme needs is not in this initramfs.",
        "Build the initramfs with it, or use another scheme.",
    ),
    "IGN4021": ("A sum to verify against is malformed.", "Write sha512-HEX or sha256-HEX."),
    "IGN4022": (
        "A resource changed on its server while it was fetched.",
        "Provision again; give verification.hash, so that it is clear which version is meant.",
    ),
    "IGN4023": (
        "A body that is unpacked fills the filesystem.",
        "Check that it is what the config means; if it is, make the filesystem larger.",
    ),
    "IGN4024": (
        "A body does not fit on its filesystem.",
        "Make the filesystem larger, or put the file on another one.",
    ),
    "IGN4030": (
        "No port below 1024 can be used to send from, which the server asks for.",
        "Run as root, or with CAP_NET_BIND_SERVICE.",
    ),
    "IGN4040": (
        "A header of a request has a name or value that no request can carry.",
        "Write the name with letters, digits and hyphens, and the value without control characters.",
    ),
    "IGN4031": (
        "A config leads to more than 4096 others.",
        "Merge them into one: configs that refer to several which do so again lead to very many.",
    ),
    "IGN4101": ("A reference to another config has no source.", "Give it one, or take it out."),
    "IGN4102": (
        "A referenced config is empty.",
        "Take the reference out, or serve at least a config with a version.",
    ),
    "IGN4103": ("A config refers to itself.", "Break the circle; the hint lists it."),
    "IGN4104": ("Configs refer to each other without end.", "Find what makes ever new references."),
    "IGN4105": (
        "Configs that are valid each by itself are not when merged.",
        "Look at the findings: each names the config that it comes from.",
    ),
    "IGN4110": (
        "The config cannot be kept for the phase with a network.",
        "Let /run/ignition be writable.",
    ),
    "IGN4121": ("There is no config cache.", "Run a fetch phase before this one."),
    "IGN4122": ("The config cache makes no sense.", "Run a fetch phase again."),
    "IGN4123": (
        "The base configs kept in the state are not those of the fetch phase.",
        "Run the fetch phase again without the state file.",
    ),
    "IGN4200": (
        "Objects of S3 are not unpacked.",
        "Take compression out, or serve the resource by https.",
    ),
    "IGN4201": (
        "An s3: or arn: URL does not name an object.",
        "Write s3://BUCKET/KEY, arn:PARTITION:s3:::BUCKET/KEY, or an access point's ARN with /object/KEY.",
    ),
    "IGN4202": (
        "There is no such bucket in this partition of AWS.",
        "Check its name; name buckets of other partitions by an ARN.",
    ),
    "IGN4203": ("S3 does not say which region a bucket is in.", "Check the name of the bucket."),
    "IGN4204": ("There is no such object in a bucket of S3.", "Check key and versionId."),
    "IGN4205": (
        "S3 does not give an object.",
        "Let the instance's role read it, or make it public; the error says which of both counts.",
    ),
    "IGN4206": (
        "The metadata service gives no credentials of the instance's role.",
        "Attach a role to the instance, and leave the metadata service on.",
    ),
    "IGN4220": (
        "A tftp: URL makes no request.",
        "Write tftp://HOST/PATH or tftp://HOST:PORT/PATH.",
    ),
    "IGN4221": (
        "A TFTP server does not have a file.",
        "Check the path; the server gets it with its leading slash.",
    ),
    "IGN4222": ("A TFTP server refuses.", "Read its words; they follow."),
    "IGN4223": (
        "A TFTP server does not answer, or breaks off at every try.",
        "Check the server; ignition.wait.fetch= gives it longer.",
    ),
    "IGN4240": ("A gs: URL names no object.", "Write gs://BUCKET/OBJECT."),
    "IGN5001": ("A source has no config.", "Nothing: the next source is asked."),
    "IGN5003": (
        "The file of a platform is not in this initramfs.",
        "Name the platform in ignition_platforms when it is built.",
    ),
    "IGN5101": ("The kernel command line cannot be read.", "Check that /proc is mounted."),
    "IGN5102": (
        "Of two kernel arguments that belong together one is missing.",
        "Give ignition.config.device= and ignition.config.path= both.",
    ),
    "IGN5103": ("A name cannot be the label of a filesystem.", "Check ignition.config.device=."),
    "IGN5104": (
        "No filesystem with that label appeared.",
        "Check the label; the hint lists those there are.",
    ),
    "IGN5105": ("A config is not on its filesystem.", "Check ignition.config.path=."),
    "IGN5201": ("The kernel module for fw_cfg cannot be loaded.", "Have it in the initramfs."),
    "IGN5202": ("The size of the config in fw_cfg cannot be read.", "Check the options of QEMU."),
    "IGN5203": ("The config in fw_cfg cannot be read.", "Check the options of QEMU."),
    "IGN5204": ("The config in fw_cfg is cut off.", "Check the options of QEMU."),
    "IGN5205": (
        "The kernel module for virtio disks cannot be loaded.",
        "Have it in the initramfs.",
    ),
    "IGN5206": (
        "The disk that holds the config did not appear.",
        "Give QEMU a virtio-blk device with the serial number ignition.",
    ),
    "IGN5207": ("The disk that holds the config cannot be read.", "Check the options of QEMU."),
    "IGN5301": ("The config of the platform file cannot be read.", "Check IGNITION_CONFIG_FILE."),
    "IGN5302": ("user.ign of the system cannot be read.", "Check its folder and mode."),
    "IGN5401": ("A base config cannot be read.", "Check the base.d folders of the distribution."),
    "IGN5402": ("A base config is refused, and left out.", "Mend it; the distribution brings it."),
    "IGN5501": (
        "A metadata service does not know the path of the config.",
        "Check ignition.platform.id=, and that the service is switched on.",
    ),
    "IGN5502": ("A metadata service gives no usable token.", "Check that it is switched on."),
    "IGN5503": (
        "The user data is not the base64 that the platform hands out.",
        "Give the config to the platform's tool as it expects it, usually encoded once.",
    ),
    "IGN5504": ("The metadata names no URL for status messages.", "Check the platform's metadata."),
    "IGN5510": (
        "Neither a drive nor a metadata service gave a config in time.",
        "Check ignition.platform.id= and the machine's drives; ignition.wait.fetch= sets the limit.",
    ),
    "IGN5520": ("The kernel module vsock cannot be loaded.", "Have it in the initramfs."),
    "IGN5521": ("The host gives no config over vsock.", "Start vfkit with --ignition."),
    "IGN5522": ("The host does not answer in HTTP over vsock.", "Check what listens there."),
    "IGN5530": (
        "No provisioning DVD came in time.",
        "Attach it again; check ignition.platform.id=; ignition.wait.fetch= sets the limit.",
    ),
    "IGN5540": (
        "The drive with the config did not appear.",
        "Attach it, with the label in the case that is named; check ignition.platform.id=.",
    ),
    "IGN5541": (
        "The drive with the config cannot be mounted.",
        "Make it anew; the initramfs must know its file system.",
    ),
    "IGN5542": (
        "The drive holds user data for cloud-init.",
        "Put the Ignition config in its place, or correct ignition.platform.id=.",
    ),
    "IGN5600": ("The machine is no virtual machine of VMware.", "Check ignition.platform.id=."),
    "IGN5601": (
        "VMware's hypervisor cannot be asked.",
        "Read the reasons in the hint; the ports, a vsock or a program of open-vm-tools must work.",
    ),
    "IGN5602": (
        "The encoding of the config in guestinfo is unknown.",
        "Set it to base64 or gzip+base64, or leave it out.",
    ),
    "IGN5603": (
        "The config in guestinfo is not the base64 that it should be.",
        "Encode it again; check that nothing cut it off.",
    ),
    "IGN5605": (
        "The OVF environment cannot be searched for the config to delete.",
        "Look at guestinfo.ovfenv.",
    ),
    "IGN5620": (
        "The device of VirtualBox's driver cannot be opened.",
        "Have vboxguest in the initramfs; check ignition.platform.id=.",
    ),
    "IGN5621": (
        "VirtualBox's driver or host fails.",
        "Look at the kernel's log and at the log of the virtual machine.",
    ),
    "IGN5622": (
        "The guest property says how the config is encoded.",
        "Store the config as it is, and unset /Ignition/Config/Encoding.",
    ),
    "IGN5623": ("VirtualBox hands out what is no property.", "Set the property again."),
    "IGN5624": ("The guest may not delete its config.", "Set the property without RDONLYGUEST."),
    "IGN5640": (
        "A config is to be deleted from a platform that cannot do that.",
        "Leave it out; only virtualbox and vmware can.",
    ),
    "IGN5650": ("The kernel module hv_utils cannot be loaded.", "Have it in the initramfs."),
    "IGN5651": (
        "The device of Hyper-V's key-value pairs cannot be opened.",
        "Check ignition.platform.id=; switch the data exchange service on; stop hv_kvp_daemon.",
    ),
    "IGN5652": (
        "Talking to the host through the device of its key-value pairs failed.",
        "Start the machine anew: the host sends its pairs once.",
    ),
    "IGN5653": (
        "The kernel and the provider disagree on the messages of Hyper-V.",
        "Please report it, with the version of the kernel.",
    ),
    "IGN5654": (
        "Hyper-V did not stop sending key-value pairs in time.",
        "Let ignition.wait.fetch= be longer.",
    ),
    "IGN5660": ("The kernel module mlxbf_bootctl cannot be loaded.", "Have it in the initramfs."),
    "IGN5661": ("The boot FIFO cannot be read.", "Push the config again."),
    "IGN5665": ("The kernel module vmur cannot be loaded.", "Have it in the initramfs."),
    "IGN5666": (
        "The virtual reader of z/VM cannot be brought online.",
        "Give the guest a reader 000c; have chccwdev and cio_ignore in the initramfs.",
    ),
    "IGN5667": ("The virtual reader cannot be looked into.", "Have vmur in the initramfs."),
    "IGN5668": ("The config in the virtual reader cannot be received.", "Punch it again."),
    "IGN5669": ("The config that was received cannot be read.", "Punch it again."),
    "IGN6001": (
        "A switch in the environment is neither true nor false.",
        "Set it to true, 1, false or 0.",
    ),
    "IGN6002": (
        "A time on the kernel command line is none.",
        "Give seconds (90) or a duration (1m30s).",
    ),
    "IGN6003": (
        "The platform is missing or unknown.",
        "Set ignition.platform.id= on the kernel command line.",
    ),
    "IGN6004": ("A command line cannot be followed.", "Look at ignition --help."),
    "IGN6005": ("A command is not built yet.", "Look at ignition --help for those that are."),
    "IGN6101": ("The state file cannot be read.", "Check its mode; remove it to begin anew."),
    "IGN6102": ("The state file makes no sense.", "Remove it to begin anew."),
    "IGN6103": ("The state file cannot be written.", "Let its folder be writable."),
    "IGN6201": ("The network cannot be asked for.", "Let the folder of the flag file be writable."),
    "IGN6202": ("The config cache cannot be written.", "Let its folder be writable."),
    "IGN6203": ("Idle phases cannot be marked.", "Let /run/ignition be writable."),
    "IGN6204": (
        "The config asks for a stage that is not in this initramfs.",
        "Build the initramfs with the whole engine.",
    ),
    "IGN6205": (
        "A signal ended the run.",
        "What was done stays; run the phase again to finish it.",
    ),
    "IGN6301": (".ignition-lint.toml cannot be read.", "Check that it is TOML, and its mode."),
    "IGN6302": ("A rule that was named does not exist.", "Use a code or a name of docs/rules."),
    "IGN6303": ("A severity that was named does not exist.", "Use error, warning, info or off."),
    "IGN6304": (".ignition-lint.toml has a wrong key or value.", "Compare it with docs/lint.md."),
    "IGN6305": ("A platform that was named does not exist.", "Use an id that the hint lists."),
    "IGN6310": (
        "A folder or pattern stands for no config.",
        "Check the path; configs end in .ign.",
    ),
    "IGN6311": ("A config cannot be read.", "Check its path and mode."),
    "IGN6312": (
        "The output cannot be written.",
        "Check its path, its mode, and what is free there.",
    ),
    "IGN6313": ("A command is not in this initramfs.", "Run it on an installed system."),
    "IGN6314": (
        "A process that lints beside others was killed.",
        "Perhaps the memory ran out: name fewer or smaller configs at once.",
    ),
    "IGN6900": (
        "The engine has a defect.",
        "Please report the line, with the config if it holds no secrets.",
    ),
    "IGN7001": ("A program cannot be started.", "Have it in the initramfs, on PATH."),
    "IGN7002": ("A program ended badly.", "Read its last words; the log holds all of them."),
    "IGN7003": ("The kernel refused an operation.", "Read its words; they follow."),
    "IGN7004": (
        "The kernel gives no more threads or processes.",
        "Raise TasksMax= and LimitNPROC= of the unit.",
    ),
    "IGN7005": (
        "The engine is out of memory.",
        "Give the machine more memory, or raise MemoryMax=.",
    ),
    "IGN7006": ("The engine may open no more files.", "Raise LimitNOFILE= of the unit."),
    "IGN7007": ("A file grew past a limit.", "Raise LimitFSIZE= of the unit."),
    "IGN7101": (
        "A file on a drive with a config cannot be read.",
        "Check the drive; it may hold anything.",
    ),
    "IGN8001": (
        "Programs that guests need are missing.",
        "Install the packages that the hint names.",
    ),
    "IGN8002": ("A program that builds a guest failed.", "Read the end of its output; it follows."),
    "IGN8003": ("Building guests takes root.", "Run it as root, or in a container that may mount."),
    "IGN8010": ("QEMU failed.", "Read the end of its output; it follows."),
}
