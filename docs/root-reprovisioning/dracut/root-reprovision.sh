#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Keeps the content of the root filesystem when the config makes a new one labelled `root`.
#     root-reprovision save       before Ignition's disks phase: copies the old root to memory
#     root-reprovision restore    after it: fills the new root, and tells the boot loader how to find it
set -eu

config=/run/ignition.json
work=/run/root-reprovision
archive=$work/memory/root.tar
# KiB that are left for the disks phase.
reserve=524288

fail() {
    echo "$1" >&2
    {
        echo "The root filesystem cannot be moved:"
        echo "  $1"
        [ -z "${2-}" ] || echo "  $2"
    } > /run/ignition/failure
    exit 1
}

# Prints the device of the new root; nothing if the config leaves the root alone. The rendered config is one line in
# a fixed form: members in the order of the spec, quotes in strings escaped.
new_root() {
    sed -n 's/.*"device":"\([^"\\]*\)","format":"[^"\\]*","label":"root".*/\1/p' "$config"
}

# Prints all filesystems labelled $1, except the device $2.
labelled() {
    blkid --cache-file /dev/null --output device --match-token "LABEL=$1" | while read -r device; do
        [ "$(readlink -f "$device")" = "$2" ] || echo "$device"
    done
}

# Prints the device of the old root. After a power cut there may be an unfinished new one with the same label.
old_root() {
    udevadm settle
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        old=$(labelled root "$(readlink -f "$1")")
        [ -n "$old" ] || old=$(labelled root '')
        [ -z "$old" ] || break
        sleep 1
    done
    [ -n "$old" ] || fail "no filesystem is labelled root" "after a power cut it may be lost: install the image again"
    # shellcheck disable=SC2086  # one word per device
    set -- $old
    [ $# = 1 ] || fail "several filesystems are labelled root: $*" "change or erase the label of the wrong ones"
    echo "$old"
}

# Refuses a root that no later boot could open: its key would be on the root itself.
check_key() {
    case $1 in /dev/mapper/* | /dev/disk/by-id/dm-name-*) ;; *) return 0 ;; esac
    grep -qE '"pin":"|"tang":\[|"tpm2":true|"label":"keys"' "$config" && return
    [ -n "$(labelled keys '')" ] || fail "the root is encrypted, and there is no filesystem labelled keys" \
        "attach or make one for its key, or use Clevis"
}

save() {
    new=$(new_root)
    [ -n "$new" ] || exit 0
    old=$(old_root "$new")
    check_key "$new"
    mkdir -p "$work/old" "$work/memory"
    mount -o ro "$old" "$work/old"

    used=$(df --output=used "$work/old" | sed 1d)
    needed=$((used + used / 10 + reserve))
    free=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
    [ "$needed" -le "$free" ] || fail "$((free / 1024)) MiB of memory are free, $((needed / 1024)) MiB are needed" \
        "give the machine more memory, at least for the first boot"

    echo "saving $((used / 1024)) MiB from $old"
    mount -t tmpfs -o "mode=0700,size=$((used + used / 10 + 65536))k" tmpfs "$work/memory"
    (cd "$work/old" && tar --create --file "$archive.new" --format=posix --sparse --numeric-owner \
        --acls --selinux --xattrs --xattrs-include='*' --exclude=./lost+found .)
    umount "$work/old"
    mv "$archive.new" "$archive"
}

restore() {
    new=$(readlink -f "$(new_root)")
    mkdir -p "$work/new"
    mount "$new" "$work/new"
    # It is not empty if the config kept the filesystem that was there.
    if [ -z "$(find "$work/new" -mindepth 1 -maxdepth 1 ! -name lost+found)" ]; then
        echo "filling $new"
        (cd "$work/new" && tar --extract --file "$archive" --preserve-permissions --same-owner --numeric-owner \
            --acls --selinux --xattrs --xattrs-include='*')
        sync -f "$work/new"
    fi
    umount "$work/new"
    arguments=$(root_arguments "$new")
    tell_boot_loader "$arguments"
    # From here on there is one root.
    for old in $(labelled root "$new"); do
        echo "erasing the old root on $old"
        wipefs --quiet --all "$old"
    done
    udevadm trigger --settle "$new"
    umount "$work/memory"
}

# Prints the kernel arguments with which the initramfs finds $1: one for each array and volume below it.
root_arguments() {
    lsblk --inverse --noheadings --list --paths --output NAME,TYPE "$1" | while read -r device type; do
        case $type in
            raid*) array_argument "$device" ;;
            crypt) volume_arguments "$device" ;;
        esac
    done
}

array_argument() {
    uuid=$(mdadm --detail --export "$1" | sed -n 's/^MD_UUID=//p')
    [ -n "$uuid" ] || fail "the array $1 has no UUID"
    echo "rd.md.uuid=$uuid"
}

volume_arguments() {
    name=${1#/dev/mapper/}
    device=$(cryptsetup status "$name" | sed -n 's/^ *device: *//p')
    uuid=$(cryptsetup luksUUID "$device")
    echo "rd.luks.name=$uuid=$name"
    # Ignition holds the key until its files phase has written it to /etc/luks of the root.
    key=/run/ignition/keys/$(printf %s "$name" | sha256sum | cut -d ' ' -f 1)
    if [ -e "$key" ]; then
        store_key "$key" "$uuid.key"
        echo "rd.luks.key=$uuid=/$uuid.key:LABEL=keys"
    elif clevis luks list -d "$device" | grep -q tang; then
        echo "rd.neednet=1"
    fi
}

# Copies the key $1 to /$2 of the filesystem labelled `keys`.
store_key() {
    mkdir -p "$work/keys"
    mount LABEL=keys "$work/keys"
    cp "$1" "$work/keys/$2"
    chmod 0400 "$work/keys/$2"
    sync -f "$work/keys"
    umount "$work/keys"
}

# Writes what the menu of GRUB sources. Another boot loader takes another way, such as entries of its own.
tell_boot_loader() {
    mkdir -p "$work/boot"
    mount LABEL=boot "$work/boot"
    echo "set root_arguments=\"$(echo "$1" | sed ':a;N;$!ba;s/\n/ /g')\"" > "$work/boot/root.cfg.new"
    sync -f "$work/boot"
    mv "$work/boot/root.cfg.new" "$work/boot/root.cfg"
    sync -f "$work/boot"
    umount "$work/boot"
}

case ${1-} in
    save) save ;;
    restore) restore ;;
    *)
        echo "usage: root-reprovision save|restore" >&2
        exit 2
        ;;
esac
