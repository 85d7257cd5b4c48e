#!/bin/bash
# healthcheck PORT: healthy when the stand-in says so on its management port.
[ $# -eq 1 ] || { echo "healthcheck: expected the management port" >&2; exit 2; }
exec curl --fail --silent --insecure --max-time 5 --output /dev/null "https://localhost:$1/standin/health?links=none"
