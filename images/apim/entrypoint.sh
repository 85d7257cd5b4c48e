#!/bin/bash
# Gives the node a CARBON_HOME of its own name and runs the server in the foreground. A stop reaches the JVM and is waited
# for; a server whose management port is not open in time is ended with an error, so that the restart policy tries again.
set -euo pipefail

say() { echo "entrypoint: $*" >&2; }
# Why this start came to nothing; `npm run status` looks for these lines after the next one has begun.
give_up() { say "given up: $*"; }
fail() {
  give_up "$*"
  exit 1
}

node=${NODE_NAME:-}
port=${MANAGEMENT_PORT:-}
start_limit=${START_LIMIT_SECONDS:-600}
# Some stops hang for ever in the JVM. Below the 30 s after which Docker would kill without a word.
stop_limit=${STOP_LIMIT_SECONDS:-25}
home=${APIM_HOME:-/opt/wso2am}
case $node in
  "" | . | .. | */*) fail "NODE_NAME=$node: expected the name of the node, e.g. keymanager-1" ;;
esac
case $port in
  "" | *[!0-9]*) fail "MANAGEMENT_PORT=$port: expected the port that the server opens when it has started, e.g. 9443" ;;
esac
for file in bin/wso2server.sh repository/conf/carbon.xml; do
  [ -r "$home/$file" ] || fail "$home/$file: expected the product's own file, found none that can be read"
done
[ -n "${JAVA_HOME:-}" ] && [ -x "$JAVA_HOME/bin/java" ] || fail "JAVA_HOME=${JAVA_HOME:-}: expected a JDK 8, found no bin/java in it"

export CARBON_HOME=/mnt/$node/wso2am
mkdir -p "/mnt/$node"
ln -sfn "$home" "$CARBON_HOME"
# A server that was killed leaves it behind.
rm -f "$CARBON_HOME/wso2carbon.pid"
say "$node: CARBON_HOME=$CARBON_HOME, management port $port, $*, JAVA_OPTS=${JAVA_OPTS:-}"

stopping=
trap 'stopping=yes' TERM INT

# wso2server.sh passes no signal on to its JVM: both get a process group of their own, and a stop goes to that.
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
# Until the server ends by itself; a signal ends the wait too.
if [ -z "$stopping$late" ]; then wait "$server" || status=$?; fi
if [ -z "$stopping$late" ]; then give_up "wso2server.sh ended by itself, with status $status"; fi

# Only the JVM knows how long it takes; wso2server.sh is gone at once.
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
