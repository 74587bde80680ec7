#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Before the emergency shell: prints on every console why Ignition stopped the boot.
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
# The emergency shell may have a reason unrelated to Ignition.
[ -n "$units" ] || [ -s "$failure" ] || exit 0

message
while read -r console _; do
    # Some listed consoles cannot be opened.
    message > "/dev/$console" || :
done < "$consoles" 2> /dev/null
