#!/bin/bash
# healthcheck ports PORT...: the load balancer is healthy when each port accepts connections, or when no files have been
# brought yet.
# healthcheck served ADDRESS PORT: the container that brings the files is healthy when the load balancer serves them.
set -uo pipefail
cd /usr/local/etc/haproxy || exit 2
mode=${1-}
shift

case $mode in
  ports)
    [ -s complete ] || { echo "waiting for the first files"; exit 0; }
    for port in "$@"; do
      (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "port $port: refused"; exit 1; }
    done
    ;;
  served)
    brought=$(<complete)
    { exec 3<>"/dev/tcp/$1/$2"; } 2>/dev/null || { echo "load balancer: $1:$2 refused"; exit 1; }
    printf 'GET / HTTP/1.0\r\n\r\n' >&3
    answer=$(cat <&3)
    served=${answer##*$'\r\n\r\n'}
    [ "$served" = "$brought" ] && [[ $served == "$(<revision) "* ]] && exit 0
    echo "load balancer: expected files $brought, serves \"$served\"; the load balancer's log tells why"
    exit 1
    ;;
  *)
    echo "healthcheck: expected ports PORT... or served ADDRESS PORT, found \"$mode\"" >&2
    exit 2
    ;;
esac
