#!/bin/bash
# Gives the node a CARBON_HOME of its own name, runs the server in the foreground, passes a stop on to its JVM, and
# ends with an error when the management port is not open in time, so that the restart policy tries again.
set -euo pipefail
: "${NODE_NAME:?NODE_NAME is not set: expected the name of the node, e.g. keymanager-1}"
export CARBON_HOME=/mnt/$NODE_NAME/wso2am
mkdir -p "/mnt/$NODE_NAME"
ln -sfn "${APIM_HOME:-/opt/wso2am}" "$CARBON_HOME"
rm -f "$CARBON_HOME/wso2carbon.pid"

offset=$(sed -n 's/.*<Offset>[[:space:]]*\([0-9]*\)[[:space:]]*<.*/\1/p' "$CARBON_HOME/repository/conf/carbon.xml" | head -n 1)
port=$((9443 + ${offset:-0}))
limit=${START_LIMIT_SECONDS:-300}

# A process group of its own: wso2server.sh does not pass signals on, so the whole group gets them.
set -m
bash "$CARBON_HOME/bin/wso2server.sh" "$@" &
server=$!
set +m
stop() { kill -TERM -- "-$server" 2>/dev/null || true; }
trap stop TERM INT

watch() {
  while ((SECONDS < limit)); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
    sleep 1
  done
  echo "entrypoint: port $port is not open after $limit s; the server ends, to be started again" >&2
  touch /tmp/late
  stop
  sleep 15
  kill -KILL -- "-$server" 2>/dev/null || true
}
rm -f /tmp/late
watch &
watcher=$!

status=0
# A trapped signal ends the first wait early.
wait "$server" || status=$?
wait "$server" 2>/dev/null || status=$?
kill "$watcher" 2>/dev/null || true
[ ! -e /tmp/late ] || exit 1
exit "$status"
