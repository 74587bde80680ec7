#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes the next boot an ordinary one if this boot was provisioned completely: Ignition writes the result file last,
# and it contains the boot ID. What makes a boot a first boot is on the boot filesystem:
#   ignition.firstboot                  a file, for GRUB; it is removed
#   loader/entries/*.conf               boot entries with the argument ignition.firstboot, which becomes spaces
#   ignition-firstboot.addon.efi        the argument for unified kernel images; it is removed
# No change creates, renames or resizes a file. A power cut leaves the old or the new state even on vfat.
set -eu

# Only tests override these.
root=${IGNITION_ROOT-}
boot_id_path=${IGNITION_BOOT_ID_PATH:-/proc/sys/kernel/random/boot_id}
efi_variables=${IGNITION_EFI_VARIABLES:-/sys/firmware/efi/efivars}
own_mount=${IGNITION_RUN_DIR:-/run/ignition}/boot
result=$root/etc/.ignition-result.json

ESP=c12a7328-f81f-11d2-ba4b-00a0c93ec93b
XBOOTLDR=bc13c2ff-59e6-4262-a352-b275fd6f7172
blank=$(printf ' \t\r')
found=
failed=

# Prints a variable of the boot loader: four bytes of attributes, then UTF-16.
loader_variable() {
    set -- "$efi_variables/$1-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
    [ -r "$1" ] || return 0
    tail -c +5 "$1" | tr -d '\000'
}

# Prints "OFFSET LENGTH" in bytes of each such argument in a boot entry.
arguments() (
    LC_ALL=C
    line_start=0
    while IFS= read -r line || [ -n "$line" ]; do
        at=$line_start
        line_start=$((line_start + ${#line} + 1))
        key=
        while :; do
            gap=${line%%[!"$blank"]*}
            line=${line#"$gap"}
            word=${line%%["$blank"]*}
            at=$((at + ${#gap}))
            case ${key:=$word}=$word= in
                options=ignition.firstboot=*) echo "$at ${#word}" ;;
                options=*) ;;
                *) break ;;
            esac
            [ -n "$word" ] || break
            line=${line#"$word"}
            at=$((at + ${#word}))
        done
    done < "$1"
)

is_flag() {
    [ -f "$1" ] || return 1
    case $1 in
        *.conf) [ -n "$(arguments "$1")" ] ;;
    esac
}

# In place, so the file keeps its name, size and blocks.
blank_arguments() {
    arguments "$1" | while read -r at length; do
        printf '%*s' "$length" '' |
            dd of="$1" obs="$length" seek="$at" oflag=seek_bytes conv=nocreat,notrunc,fsync status=none || return 1
    done
}

change() {
    case $1 in
        *.conf) blank_arguments "$1" ;;
        *) rm -f "$1" ;;
    esac && sync "${1%/*}/" && sync -f "${1%/*}/" # the folder, and what its filesystem keeps elsewhere
}

# Restores read-only afterwards, unless another process has a file open for writing.
change_read_only() {
    mount_point=$(findmnt --noheadings --output TARGET --target "${1%/*}/") || return 1
    mount -o remount,rw "$mount_point" || return 1
    status=0
    change "$1" || status=1
    mount -o remount,ro "$mount_point" || echo "$mount_point stays writable" >&2
    return "$status"
}

clear_flag() {
    found=1
    echo "clearing the first-boot flag in $1"
    change "$1" 2> /dev/null || change_read_only "$1" || failed=$1
}

# Clears the flags of boot filesystems that are mounted at these folders. The entry that was booted comes last: after
# a power cut in between, it is booted again, and the others do not stay first boots.
clear_folders() {
    booted=$(loader_variable LoaderEntrySelected)
    last=
    for folder; do
        for flag in "$folder/ignition.firstboot" "$folder"/loader/entries/*.conf \
            "$folder"/loader/addons/ignition-firstboot.addon.efi \
            "$folder"/EFI/Linux/*.extra.d/ignition-firstboot.addon.efi; do
            if ! is_flag "$flag"; then
                continue
            elif [ "${flag##*/}" = "$booted" ]; then
                last=$flag
            else
                clear_flag "$flag"
            fi
        done
    done
    [ -z "$last" ] || clear_flag "$last"
}

# Prints the devices on the disks of the root and of the boot loader.
devices() {
    loader=$(loader_variable LoaderDevicePartUUID | tr '[:upper:]' '[:lower:]')
    for device in "$(findmnt --noheadings --nofsroot --output SOURCE --target "$root/")" \
        "/dev/disk/by-partuuid/$loader"; do
        [ -b "$device" ] || continue
        for base in $(lsblk --noheadings --raw --inverse --output PATH "$device"); do
            lsblk --noheadings --raw --output "PATH,$1" "$base"
        done
    done | sort -u
}

# Prints the boot filesystems of this machine that are not mounted.
unmounted() {
    {
        devices PARTTYPE
        devices LABEL
    } | while read -r device what; do
        case $what in
            "$ESP" | "$XBOOTLDR" | boot) findmnt "$device" > /dev/null || echo "$device" ;;
        esac
    done
}

# The unit has its own mounts, so nothing else sees these.
clear_unmounted() {
    for device in $(unmounted); do
        mkdir -p "$own_mount"
        mount "$device" "$own_mount" || continue
        echo "$device is not mounted, looking there"
        clear_folders "$own_mount"
        umount "$own_mount"
    done
}

read -r boot_id < "$boot_id_path"
if ! grep -qs "\"provisioningBootID\": *\"$boot_id\"" "$result"; then
    echo "<3>IGN6210 $result is missing or from another boot: the next boot is a first boot again" >&2
    exit 1
fi

clear_folders "$root/boot" "$root/boot/efi" "$root/efi" "$root"
[ -n "$found" ] || clear_unmounted
if [ -n "$failed" ]; then
    echo "<3>IGN6211 $failed cannot be changed: the next boot is a first boot again" >&2
    exit 1
elif [ -z "$found" ]; then
    echo "<4>IGN6212 no boot filesystem has the first-boot flag: every boot is a first boot until the kernel argument" \
        "ignition.firstboot is removed from where it was set" >&2
fi
