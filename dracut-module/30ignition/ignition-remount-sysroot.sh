#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Makes the root writable, or leaves the reason where ignition-failure finds it.
set -u

folder=${IGNITION_RUN_DIR:-/run/ignition}

reason=$(mount -o remount,rw /sysroot 2>&1) && exit 0
echo "$reason" >&2
mkdir -p "$folder"
cat > "$folder/failure" << EOF
Ignition failed before phase files:
  IGN6220  /sysroot cannot be made writable
           $reason
           the first boot needs a root that can be written to
EOF
exit 1
