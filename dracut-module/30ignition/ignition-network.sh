#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Brings up the network for the first boot if the config needs it. Called by ignition-network.service:
#     ignition-network up             systemd-networkd configures all wired interfaces; waits for an address
#     ignition-network nameservers    writes /etc/resolv.conf from the state of networkd
#     ignition-network down           restores the interfaces
#
# ip=, nameserver=, vlan=, bond= and the like on the kernel command line are handled by systemd-network-generator.
set -u

netif=/run/systemd/netif
configuration=/run/systemd/network
# Not in a folder that networkd reads: if it runs for another reason, it must not configure interfaces yet.
default=/usr/lib/ignition-firstboot/zz-ignition-default.network
marks=/run/ignition/network
generator=/usr/lib/systemd/systemd-network-generator
wait_online=/usr/lib/systemd/systemd-networkd-wait-online
# Seconds until the boot continues without an address; the fetch phase then retries and logs it. 60 s cover a
# switch port in spanning tree learning.
limit=60

# Prints to the journal and the console.
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

# Prints why there is no address, per interface.
why() {
    reasons=
    for interface in /sys/class/net/*; do
        read -r index < "$interface/ifindex"
        link=$netif/links/$index
        if ! [ -f "$link" ] || [ -z "$(state "$link" NETWORK_FILE)" ]; then
            continue
        fi
        case $(state "$link" CARRIER_STATE) in
            carrier | degraded-carrier | enslaved) reason="no answer from DHCP, no router advertisement" ;;
            *) reason="no carrier" ;;
        esac
        reasons="$reasons${reasons:+, }${interface##*/}: $reason"
    done
    echo "${reasons:-there is no wired network interface}"
}

write_nameservers() {
    [ -f "$netif/state" ] || return 0
    # Two units may call this at the same time.
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
        *[!0-9]*) say "ignition.wait.network=$IGNITION_NETWORK_WAIT is not a number of seconds; using $limit" ;;
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
    # Restart, because reloading needs D-Bus.
    if ! systemctl restart systemd-networkd.service; then
        say "cannot start systemd-networkd.service"
        exit 1
    fi
    systemctl start --no-block ignition-nameservers.path
    if wait_for_address; then
        write_nameservers
    else
        say "no network address after $limit s: $(why); continuing, the fetch phase retries"
    fi
}

down() {
    [ -d "$marks" ] || return 0
    # networkd may have stopped already: it conflicts with initrd-switch-root.target.
    systemctl stop --quiet systemd-networkd.service
    before=" $(while read -r name; do printf '%s ' "$name"; done < "$marks/before")"
    for name in $(interfaces_up); do
        case $before in
            *" $name "*) continue ;;
        esac
        # udev in the real root cannot rename a link that is up. networkctl would need D-Bus.
        read -r flags < "/sys/class/net/$name/flags"
        echo $((flags & ~1)) > "/sys/class/net/$name/flags"
        # Interfaces without a device (bonds, VLANs) were created by networkd.
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
