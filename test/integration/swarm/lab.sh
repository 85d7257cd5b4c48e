#!/bin/sh
# Usage: lab.sh DIRECTORY CGROUP PREFIX COUNT
#
# Runs labNamespaces.sh until stdin ends, then removes the directory and the control groups. stdin is a pipe of the test
# process: the end of that process ends the lab, whatever ended it.

# Not ignored, which the containers would inherit.
trap : HUP INT TERM
directory=$1 cgroup=$2 prefix=$3 count=$4
scripts=$(dirname "$0")

unshare --mount --pid --net --fork --kill-child --mount-proc sh "$scripts/labNamespaces.sh" "$prefix" "$count"
status=$?
# All processes and mounts are gone with the namespaces.
sh "$scripts/labRemove.sh" "$directory" "$cgroup"
exit "$status"
