#!/bin/bash
# serve.sh: runs HAProxy with the files that another container brings, and loads them again when it brings others.
# HAProxy then starts a new worker that takes over the listening sockets; the old worker finishes its requests.
set -euo pipefail
cd /usr/local/etc/haproxy
haproxy=

stop() {
  trap - USR1 TERM INT
  [ -n "$haproxy" ] || exit 0
  # Requests in progress get 5 s.
  kill -USR1 "$haproxy" 2>/dev/null || true
  { sleep 5; kill -TERM "$haproxy" 2>/dev/null; } &
  wait "$haproxy" || true
  exit 0
}
trap stop USR1 TERM INT

# A signal ends `wait`, but not a command in the foreground.
pause() { sleep "$1" & wait $! || true; }

until [ -s complete ]; do pause 0.2; done
loaded=$(<complete)
# -W: a master process that starts workers; -db: in the foreground.
/usr/sbin/haproxy -W -db -f haproxy.cfg &
haproxy=$!
while kill -0 "$haproxy" 2>/dev/null; do
  # The pause comes first: a master process that has just started has no handler for USR2 yet.
  pause 1
  brought=$(cat complete) || continue
  if [ "$brought" != "$loaded" ]; then
    loaded=$brought
    if check=$(/usr/sbin/haproxy -c -f haproxy.cfg 2>&1); then
      echo "serve: loading files $brought"
      kill -USR2 "$haproxy"
    else
      printf 'serve: HAProxy does not accept files %s and keeps the ones before them:\n%s\n' "$brought" "$check"
    fi
  fi
done
wait "$haproxy"
