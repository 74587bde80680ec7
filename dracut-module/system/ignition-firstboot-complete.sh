#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Removes /ignition.firstboot from the boot filesystem if this boot was provisioned completely: Ignition writes the
# result file last, and it contains the boot ID.
set -eu

# Only tests override these.
root=${IGNITION_ROOT-}
boot_id_path=${IGNITION_BOOT_ID_PATH:-/proc/sys/kernel/random/boot_id}
result=$root/etc/.ignition-result.json

read -r boot_id < "$boot_id_path"
if ! grep -q "\"provisioningBootID\": *\"$boot_id\"" "$result"; then
    echo "$result is from another boot: the next boot is a first boot again" >&2
    exit 1
fi

remove() {
    echo "removing $1"
    if rm -f "$1" 2> /dev/null; then
        sync -f "${1%/*}/"
        return
    fi
    mount_point=$(findmnt --noheadings --output TARGET --target "${1%/*}/")
    mount -o remount,rw "$mount_point"
    status=0
    rm -f "$1" || status=$?
    sync -f "$mount_point"
    # Restores read-only, unless another process has a file open for writing.
    mount -o remount,ro "$mount_point" || echo "$mount_point stays writable" >&2
    return "$status"
}

found=
for flag in "$root/boot/ignition.firstboot" "$root/ignition.firstboot"; do
    if [ -e "$flag" ]; then
        remove "$flag"
        found=1
    fi
done
[ -n "$found" ] || echo "no ignition.firstboot in /boot or /: remove the kernel argument where it was set" >&2
