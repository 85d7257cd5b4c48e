#!/bin/sh
# Usage: engine.sh NAME LOG DOCKERD-OPTION...
#
# Process 1 of a machine: runs a Docker engine that finds the host name, and /run and /etc/docker as after a boot.
set -e
name=$1 log=$2
shift 2
echo "$name" >/proc/sys/kernel/hostname
mount -t tmpfs tmpfs /run
[ ! -d /etc/docker ] || mount -t tmpfs tmpfs /etc/docker
# Not exec: process 1 must wait for the children of processes that have ended, which dockerd does not.
dockerd "$@" >>"$log" 2>&1 &
wait "$!"
