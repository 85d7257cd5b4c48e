#!/bin/sh
# Usage: labNamespaces.sh PREFIX COUNT
#
# Process 1 of the lab: makes the network of the machines, says "ready", and runs until stdin ends. Then the kernel kills
# all processes of the lab and removes its mounts and network interfaces.
set -e
prefix=$1 count=$2

# This copy of the mounts must not keep alive what other Docker engines unmount.
cut -d ' ' -f 5- /proc/self/mountinfo | sed 's/ .* - / /' | while read -r target type _; do
  case "$type $target" in
    *" /" | *" /proc"*) ;;
    "overlay "* | "nsfs "* | "tmpfs "*/mounts/shm) umount -l "$target" ;;
  esac
done
mount -t tmpfs tmpfs /run

# In a namespace of its own: beside a Docker engine, whose firewall drops what it does not know, a bridge passes nothing on.
ip link set lo up
ip link add lan type bridge
ip address add "$prefix.1/24" dev lan
ip link set lan up

for number in $(seq "$count"); do
  machine=machine-$number
  ip netns add "$machine"
  ip link add "$machine" type veth peer name eth0 netns "$machine"
  ip link set "$machine" master lan up
  ip -netns "$machine" link set lo up
  ip -netns "$machine" address add "$prefix.$((10 + number))/24" dev eth0
  ip -netns "$machine" link set eth0 up
  # Docker leaves this chain to the user: the test process reaches containers that publish no port.
  nsenter "--net=/run/netns/$machine" iptables --new-chain DOCKER-USER
  nsenter "--net=/run/netns/$machine" iptables --append DOCKER-USER --source "$prefix.254" --jump ACCEPT
done

echo ready
cat >/dev/null
