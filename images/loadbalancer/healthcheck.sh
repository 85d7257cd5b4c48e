#!/bin/bash
# healthcheck PORT...: healthy when each port accepts connections.
[ $# -gt 0 ] || { echo "healthcheck: expected the ports to try" >&2; exit 2; }
for port in "$@"; do
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "port $port: refused"; exit 1; }
done
