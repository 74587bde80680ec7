#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # variables of dracut
#
# Only in test images: lists the files of the root filesystem before and after it is moved.

# called by dracut
check() {
    return 255
}

# called by dracut
depends() {
    echo ignition root-reprovision
}

# called by dracut
install() {
    local _when
    inst_script "$moddir/root-manifest.py" /usr/libexec/root-manifest
    for _when in before after; do
        inst_simple "$moddir/root-manifest-$_when.service" "$systemdsystemunitdir/root-manifest-$_when.service"
        $SYSTEMCTL -q --root "$initdir" add-requires ignition-diskful.target "root-manifest-$_when.service"
    done
}
