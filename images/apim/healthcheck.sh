#!/bin/bash
# healthcheck PORT [http|https API-PORT]: healthy when the server answers a TLS ClientHello on its management port with
# anything and, on a gateway, when its API port answers too: an HTTP request, or a ClientHello where it serves HTTPS only.
# An accepted connection alone is not enough, because the kernel accepts connections for a server that hangs, and a
# gateway accepts calls seconds before it can answer them. The API port is asked until it has answered once: the gateway
# writes each such request into two logs.
answered=/tmp/api-port-answered
case "$# ${2:-}" in
  "1 " | "3 http" | "3 https") ;;
  *) echo "healthcheck: expected the management port, on a gateway also http or https and the API port" >&2; exit 2 ;;
esac
exec 2>/dev/null

# Fails unless something answers on port $1 when it is sent what stands on standard input.
answers() {
  exec 3<>"/dev/tcp/127.0.0.1/$1" || { echo "port $1: refused"; exit 1; }
  cat >&3
  timeout 2 head -c 1 <&3 >/dev/null
  [ $? -ne 124 ] || { echo "port $1: accepts the connection, but does not answer"; exit 1; }
  exec 3>&-
}

# A ClientHello of TLS 1.2 with eleven common cipher suites and no extensions.
hello() {
  printf '\x16\x03\x01\x00\x41\x01\x00\x00\x3d\x03\x03'
  printf '%032d' 0
  printf '\x00\x00\x16\xc0\x2f\xc0\x30\xc0\x13\xc0\x14\x00\x9c\x00\x9d\x00\x2f\x00\x35\x00\x3c\x00\x3d\x00\xff\x01\x00'
}

hello | answers "$1" || exit 1
[ ! -e "$answered" ] || exit 0
case "${2:-}" in
  "") exit 0 ;;
  http) printf 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' | answers "$3" || exit 1 ;;
  https) hello | answers "$3" || exit 1 ;;
esac
: >"$answered"
