#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # variables of dracut
#
# Example of a distribution's dracut module: keeps the content of the root filesystem when a config makes a new one.

# called by dracut
check() {
    return 255
}

# called by dracut
depends() {
    # The root of the next boots may be an array, encrypted, or bound to a Tang server.
    echo ignition mdraid crypt clevis clevis-pin-tang
}

# called by dracut
install() {
    local _unit
    inst_multiple tar df sync lsblk blkid wipefs mount umount mkdir cp chmod mv rm readlink sed grep cut find sleep \
        sha256sum udevadm mdadm cryptsetup
    inst_script "$moddir/root-reprovision.sh" /usr/libexec/root-reprovision
    for _unit in root-save root-restore; do
        inst_simple "$moddir/$_unit.service" "$systemdsystemunitdir/$_unit.service"
        $SYSTEMCTL -q --root "$initdir" add-requires ignition-diskful.target "$_unit.service"
    done
    inst_simple "$moddir/root-network.service" "$systemdsystemunitdir/root-network.service"
    $SYSTEMCTL -q --root "$initdir" add-wants sysinit.target root-network.service
}
