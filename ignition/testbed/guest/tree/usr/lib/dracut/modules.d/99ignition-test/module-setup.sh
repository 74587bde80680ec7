#!/bin/bash
# shellcheck disable=SC2154 # initdir and the like are dracut's
# Only in test images: reports to the test why a boot ended in the emergency shell.

check() {
    return 255
}

depends() {
    echo systemd qemu
}

install() {
    inst_multiple tar find timeout findmnt lsblk blkid journalctl systemctl udevadm modprobe sync sleep \
        cat head mkdir mv rm wc grep cut base64 sha256sum gzip
    inst_multiple -o getent setsid mdadm cryptsetup
    inst_script /usr/lib/ignition-test/report /usr/lib/ignition-test/report
    inst_simple "$systemdsystemunitdir/ignition-test-emergency.service"
    $SYSTEMCTL -q --root "$initdir" enable ignition-test-emergency.service
}
