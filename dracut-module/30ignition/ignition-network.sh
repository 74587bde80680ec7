#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Network for the first boot, only when the config needs it. Called by ignition-network.service:
#     ignition-network up             have systemd-networkd configure all wired interfaces, wait for an address
#     ignition-network nameservers    write /etc/resolv.conf from what networkd knows by now
#     ignition-network down           leave the interfaces as they were found
#
# ip=, nameserver=, vlan=, bond= and the like on the kernel command line are honoured by systemd-network-generator.
set -u

netif=/run/systemd/netif
configuration=/run/systemd/network
# Not where networkd finds it: it may run for other reasons, and must not touch an interface until a config asks.
default=/usr/lib/ignition-firstboot/zz-ignition-default.network
marks=/run/ignition/network
generator=/usr/lib/systemd/systemd-network-generator
wait_online=/usr/lib/systemd/systemd-networkd-wait-online
# Seconds until the boot goes on without an address; then fetching waits, and says so. 60 covers a switch port
# that learns its spanning tree first.
limit=60

# For people: the journal and the console.
say() {
    echo "$1"
    [ -z "${IGNITION_CONSOLE-}" ] || echo "ignition: $1" 2> /dev/null > "$IGNITION_CONSOLE" || :
}

# Prints the value of variable $2 in networkd's state file $1.
state() {
    while IFS='=' read -r name value; do
        [ "$name" != "$2" ] || echo "$value"
    done < "$1"
}

# Prints the names of the interfaces that are up.
interfaces_up() {
    for interface in /sys/class/net/*; do
        read -r flags < "$interface/flags"
        [ $((flags & 1)) -eq 0 ] || echo "${interface##*/}"
    done
}

# Says in a few words why there is no address.
why() {
    reasons=
    for interface in /sys/class/net/*; do
        read -r index < "$interface/ifindex"
        link=$netif/links/$index
        if ! [ -f "$link" ] || [ -z "$(state "$link" NETWORK_FILE)" ]; then
            continue
        fi
        case $(state "$link" CARRIER_STATE) in
            carrier | degraded-carrier | enslaved) reason="no answer by DHCP or router advertisement" ;;
            *) reason="no carrier" ;;
        esac
        reasons="$reasons${reasons:+, }${interface##*/}: $reason"
    done
    echo "${reasons:-there is no wired network interface}"
}

write_nameservers() {
    [ -f "$netif/state" ] || return 0
    # The caller may be any of two units.
    new=/etc/resolv.conf.$$
    for address in $(state "$netif/state" DNS); do
        # The forms are ADDRESS, ADDRESS#NAME, and with a port ADDRESS:PORT or [ADDRESS]:PORT.
        address=${address%%#*}
        case $address in
            \[*) address=${address#[} address=${address%%]*} ;;
            *:*:*) ;;
            *:*) address=${address%:*} ;;
        esac
        echo "nameserver $address"
    done > "$new"
    domains=$(state "$netif/state" DOMAINS)
    [ -z "$domains" ] || echo "search $domains" >> "$new"
    mv "$new" /etc/resolv.conf
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
    mkdir -p "$marks"
    interfaces_up > "$marks/before"
    if ! [ -e "$configuration" ] && [ -x "$generator" ]; then
        : > "$marks/generated"
        "$generator"
    fi
    mkdir -p "$configuration"
    cp "$default" "$configuration/"
    # Also where it is running already: its way to reload needs D-Bus.
    if ! systemctl restart systemd-networkd.service; then
        say "the network is needed, but systemd-networkd.service does not start"
        exit 1
    fi
    systemctl start --no-block ignition-nameservers.path
    if wait_for_address; then
        write_nameservers
    else
        say "no network address after $limit s: $(why); going on, fetching will wait for it"
    fi
}

down() {
    [ -d "$marks" ] || return 0
    # It may have ended by itself: it also is on the way out of the initramfs.
    systemctl stop --quiet systemd-networkd.service
    before=" $(while read -r name; do printf '%s ' "$name"; done < "$marks/before")"
    for name in $(interfaces_up); do
        case $before in
            *" $name "*) continue ;;
        esac
        # A link that is up cannot be renamed by the udev rules of the real root. networkctl would need D-Bus.
        read -r flags < "/sys/class/net/$name/flags"
        echo $((flags & ~1)) > "/sys/class/net/$name/flags"
        # Bonds, VLANs and the like were made by networkd.
        [ -e "/sys/class/net/$name/device" ] || ip link delete dev "$name"
    done
    if [ -e "$marks/generated" ]; then
        rm -rf "$configuration"
    else
        rm -f "$configuration/${default##*/}"
    fi
    rm -rf "$marks" "$netif/state" /etc/resolv.conf
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
