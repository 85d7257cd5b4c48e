#!/bin/bash
# healthcheck PORT: healthy when the server answers a TLS ClientHello on its management port with anything. An accepted
# connection alone is not enough, because the kernel accepts connections for a server that hangs.
[ $# -eq 1 ] || { echo "healthcheck: expected the management port" >&2; exit 2; }
exec 2>/dev/null
exec 3<>"/dev/tcp/127.0.0.1/$1" || { echo "port $1: refused"; exit 1; }
# A ClientHello of TLS 1.2 with eleven common cipher suites and no extensions.
{
  printf '\x16\x03\x01\x00\x41\x01\x00\x00\x3d\x03\x03'
  printf '%032d' 0
  printf '\x00\x00\x16\xc0\x2f\xc0\x30\xc0\x13\xc0\x14\x00\x9c\x00\x9d\x00\x2f\x00\x35\x00\x3c\x00\x3d\x00\xff\x01\x00'
} >&3
timeout 4 head -c 1 <&3 >/dev/null
[ $? -ne 124 ] || { echo "port $1: accepts the connection, but does not answer"; exit 1; }
