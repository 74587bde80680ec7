#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Network for the first boot, only when the config needs it. Called by ignition-network.service:
#     ignition-network up             start systemd-networkd, wait for an address, write /etc/resolv.conf
#     ignition-network nameservers    write /etc/resolv.conf from what networkd knows by now
#     ignition-network down           leave the interfaces as they were found
#
# ip=, nameserver=, vlan=, bond= and the like on the kernel command line are honoured by systemd-network-generator.
set -u

netif=/run/systemd/netif
generated=/run/systemd/network
ours=/run/ignition/network
generator=/usr/lib/systemd/systemd-network-generator
wait_online=/usr/lib/systemd/systemd-networkd-wait-online
# Seconds until the boot goes on without an address; then fetching waits, and says so. 60 covers a switch port
# that learns its spanning tree first.
limit=60

# For people: the journal and the console.
say() {
    echo "$1"
    [ -z "${IGNITION_CONSOLE-}" ] || echo "ignition: $1" > "$IGNITION_CONSOLE" || :
} 2> /dev/null

# Prints the value of variable $2 in networkd's state file $1.
state() {
    while IFS='=' read -r name value; do
        [ "$name" != "$2" ] || echo "$value"
    done < "$1"
}

# Prints the path of the state file of each interface that networkd configures.
managed_links() {
    for link in "$netif"/links/*; do
        [ -f "$link" ] || continue
        [ -z "$(state "$link" NETWORK_FILE)" ] || echo "$link"
    done
}

interface_name() {
    for interface in /sys/class/net/*; do
        read -r index < "$interface/ifindex"
        if [ "$index" = "${1##*/}" ]; then
            echo "${interface##*/}"
            return
        fi
    done
}

# Says in a few words why there is no address.
why() {
    reasons=
    for link in $(managed_links); do
        case $(state "$link" CARRIER_STATE) in
            carrier | degraded-carrier | enslaved) reason="no answer by DHCP or router advertisement" ;;
            *) reason="no carrier" ;;
        esac
        reasons="$reasons${reasons:+, }$(interface_name "$link"): $reason"
    done
    echo "${reasons:-no network interface that networkd configures}"
}

write_nameservers() {
    [ -f "$netif/state" ] || return 0
    {
        for address in $(state "$netif/state" DNS); do
            # The forms are ADDRESS, ADDRESS#NAME, and with a port ADDRESS:PORT or [ADDRESS]:PORT.
            address=${address%%#*}
            case $address in
                \[*) address=${address#[} address=${address%%]*} ;;
                *:*:*) ;;
                *:*) address=${address%:*} ;;
            esac
            echo "nameserver $address"
        done
        domains=$(state "$netif/state" DOMAINS)
        [ -z "$domains" ] || echo "search $domains"
    } > /etc/resolv.conf.ignition
    mv /etc/resolv.conf.ignition /etc/resolv.conf
}

wait_for_address() {
    waited=0
    while [ "$waited" -lt "$limit" ]; do
        step=$((limit - waited < 30 ? limit - waited : 30))
        if "$wait_online" --quiet --any --operational-state=routable --timeout="$step"; then
            return 0
        fi
        waited=$((waited + step))
        [ "$waited" -ge "$limit" ] || say "waiting for a network address for $waited s: $(why)"
    done
    return 1
}

up() {
    case ${IGNITION_NETWORK_WAIT-} in
        '') ;;
        *[!0-9]*) say "ignition.wait.network=$IGNITION_NETWORK_WAIT is not a number of seconds; taking $limit" ;;
        *) limit=$IGNITION_NETWORK_WAIT ;;
    esac
    if ! systemctl is-active --quiet systemd-networkd.service; then
        # Whoever else started networkd also has a use for it after us.
        mkdir -p "$ours"
        if ! [ -e "$generated" ] && [ -x "$generator" ]; then
            "$generator" && : > "$ours/generated"
        fi
        if ! systemctl start systemd-networkd.service; then
            say "the network is needed, but systemd-networkd.service does not start"
            exit 1
        fi
    fi
    systemctl start --no-block ignition-nameservers.path
    if wait_for_address; then
        write_nameservers
    else
        say "no network address after $limit s: $(why); going on, fetching will wait for it"
    fi
}

down() {
    [ -d "$ours" ] || return 0
    links=$(managed_links)
    systemctl stop systemd-networkd.service systemd-networkd.socket
    for link in $links; do
        name=$(interface_name "$link")
        [ -n "$name" ] || continue
        # A link that is up cannot be renamed by the udev rules of the real root.
        networkctl down "$name"
        # Bonds, VLANs and the like were made by networkd.
        [ -e "/sys/class/net/$name/device" ] || networkctl delete "$name"
    done
    [ ! -e "$ours/generated" ] || rm -rf "$generated"
    rm -rf "$netif" "$ours" /etc/resolv.conf
}

case ${1-} in
    up) up ;;
    down) down ;;
    nameservers) write_nameservers ;;
    *)
        echo "usage: ignition-network up|down|nameservers" >&2
        exit 2
        ;;
esac
