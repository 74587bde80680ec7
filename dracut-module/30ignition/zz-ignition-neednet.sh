#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# A hook of dracut, after its own for networkd. From release 106 on, dracut has a default that configures all
# interfaces in every boot, whether the network is needed or not. module-setup.sh has taken it aside; it comes back
# if dracut was asked for the network (rd.neednet=1, a root on the network) and nothing else is configured.

if [ -e /run/networkd/initrd/neednet ]; then
    for file in /run/systemd/network/*.network; do
        [ -e "$file" ] || cp /usr/lib/ignition-firstboot/zzzz-dracut-default.network /etc/systemd/network/
        break
    done
    systemctl try-reload-or-restart systemd-networkd.service
fi
