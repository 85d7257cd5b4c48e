#!/bin/bash
# Healthy when the server greets a TCP client, which it does only after the data directory is made and the init file has
# run (connections are accepted a little earlier, so accepting alone proves nothing).
exec 2>/dev/null
port=${1:-3306}
exec 3<>/dev/tcp/127.0.0.1/$port || { echo "port $port: refused"; exit 1; }
# Three bytes of length, a sequence number, then the protocol version 10; an error has 255 there.
version=$(timeout 4 head -c 5 <&3 | tail -c 1 | od -An -tu1 | tr -d ' ')
[ "$version" = 10 ] || { echo "port $port: no greeting (found '${version}', expected 10)"; exit 1; }
