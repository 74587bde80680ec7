#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# On the way into the emergency shell: says on every console why Ignition stopped the boot.
set -u

failure=${IGNITION_FAILURE_FILE:-/run/ignition/failure}
consoles=${IGNITION_CONSOLES:-/proc/consoles}

failed_units() {
    systemctl list-units --plain --no-legend --state=failed 'ignition-*' 2> /dev/null \
        | while read -r unit _; do echo "$unit"; done
}

message() {
    echo
    if [ -s "$failure" ]; then
        echo "Ignition stopped this boot:"
        echo
        cat "$failure"
        echo
    else
        echo "Ignition stopped this boot. What failed:"
    fi
    for unit in $units; do
        echo "    $unit        journalctl --boot --unit=$unit"
    done
    echo "The whole story: journalctl --boot --identifier=ignition --all"
    echo
}

units=$(failed_units)
# The emergency shell may have another reason, which others explain.
[ -n "$units" ] || [ -s "$failure" ] || exit 0

message
while read -r console _; do
    # A console may be listed and yet refuse to be opened.
    message > "/dev/$console" || :
done < "$consoles" 2> /dev/null
