#!/bin/bash
# Creates a CARBON_HOME with the node's name and runs the server in the foreground. A stop signal is passed to the JVM,
# whose end is awaited. If the management port does not open in time, the container exits with an error, so that Docker's
# restart policy starts it again.
set -euo pipefail

say() { echo "entrypoint: $*" >&2; }
# Logs why this start failed; `npm run status` finds this line after the container has been started again.
give_up() { say "given up: $*"; }
fail() {
  give_up "$*"
  exit 1
}

node=${NODE_NAME:-}
port=${MANAGEMENT_PORT:-}
start_limit=${START_LIMIT_SECONDS:-600}
# The JVM sometimes never ends. Shorter than Docker's 30 s, so that the log says that the server was killed.
stop_limit=${STOP_LIMIT_SECONDS:-25}
home=${APIM_HOME:-/opt/wso2am}
case $node in
  "" | . | .. | */*) fail "NODE_NAME=$node: expected the name of the node, e.g. keymanager-1" ;;
esac
case $port in
  "" | *[!0-9]*) fail "MANAGEMENT_PORT=$port: expected the port that the server opens when it has started, e.g. 9443" ;;
esac
for file in bin/wso2server.sh repository/conf/carbon.xml; do
  [ -r "$home/$file" ] || fail "$home/$file: expected the product's own file, found no readable file"
done
[ -n "${JAVA_HOME:-}" ] && [ -x "$JAVA_HOME/bin/java" ] || fail "JAVA_HOME=${JAVA_HOME:-}: expected a JDK 8, found no executable bin/java"

export CARBON_HOME=/mnt/$node/wso2am
mkdir -p "/mnt/$node"
ln -sfn "$home" "$CARBON_HOME"
# Left behind by a server that was killed, and by health checks of an earlier start.
rm -f "$CARBON_HOME/wso2carbon.pid" /tmp/api-port-answered
say "$node: CARBON_HOME=$CARBON_HOME, management port $port, $*, JAVA_OPTS=${JAVA_OPTS:-}"

stopping=
trap 'stopping=yes' TERM INT

# wso2server.sh does not pass signals to its JVM, so both run in their own process group, which gets the signal.
set -m
bash "$CARBON_HOME/bin/wso2server.sh" "$@" &
server=$!
set +m
runs() { kill -0 -- "-$server" 2>/dev/null; }

late=
until healthcheck "$port" >/dev/null; do
  if [ -n "$stopping" ] || ! runs; then break; fi
  if ((SECONDS >= start_limit)); then
    late=yes
    give_up "management port $port is not open after $start_limit s"
    break
  fi
  sleep 1
done

status=0
# Waits until the server ends; a signal ends the wait too.
if [ -z "$stopping$late" ]; then wait "$server" || status=$?; fi
if [ -z "$stopping$late" ]; then give_up "wso2server.sh ended by itself, with status $status"; fi

# The group exists until the JVM has ended; wso2server.sh ends at once.
asked=$SECONDS
killed=
kill -TERM -- "-$server" 2>/dev/null || true
while runs; do
  if [ -z "$killed" ] && ((SECONDS - asked >= stop_limit)); then
    killed=yes
    say "the server did not stop within $stop_limit s; it is killed"
    kill -KILL -- "-$server" 2>/dev/null || true
  fi
  sleep 0.2
done
[ -z "$late" ] || exit 1
[ -z "$killed" ] || exit 137
if [ -n "$stopping" ]; then
  say "stopped after $((SECONDS - asked)) s"
  status=0
  wait "$server" || status=$?
fi
exit "$status"
