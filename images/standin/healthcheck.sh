#!/bin/bash
# healthcheck PORT: succeeds when the stand-in reports on its management port that it is ready.
[ $# -eq 1 ] || { echo "healthcheck: expected the management port" >&2; exit 2; }
exec curl --fail --silent --insecure --max-time 5 --output /dev/null "https://localhost:$1/standin/health?links=none"
