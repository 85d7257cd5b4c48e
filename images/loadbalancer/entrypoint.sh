#!/bin/bash
# -W: a master process that restarts its worker; -db: in the foreground.
set -euo pipefail
exec /usr/sbin/haproxy -W -db -f /usr/local/etc/haproxy/haproxy.cfg "$@"
