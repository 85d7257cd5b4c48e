#!/bin/bash
# healthcheck PORT [http|https API-PORT]: succeeds when the stand-in reports on its management port that it is ready and, on
# a gateway, when its API port answers an HTTP request, whatever the status.
case "$# ${2:-}" in
  "1 " | "3 http" | "3 https") ;;
  *) echo "healthcheck: expected the management port, on a gateway also http or https and the API port" >&2; exit 2 ;;
esac
check() { curl --silent --insecure --max-time 2 --output /dev/null "$@"; }
check --fail "https://localhost:$1/standin/health?links=none" || exit 1
[ $# -eq 1 ] || check "$2://localhost:$3/"
