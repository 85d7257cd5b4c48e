#!/bin/sh
# Usage: labRemove.sh DIRECTORY CGROUP
#
# Removes what outlives the namespaces of a lab: its directory and the control groups of its containers.
directory=$1 cgroup=$2
for root in /sys/fs/cgroup/"$cgroup" /sys/fs/cgroup/*/"$cgroup"; do
  [ ! -d "$root" ] || find "$root" -depth -type d -exec rmdir {} \; 2>/dev/null
done
rm -rf --one-file-system "$directory" 2>/dev/null
