#!/bin/bash
# healthcheck PORT: healthy when the server sends its handshake to a TCP client. It does so only after the data
# directory was created and the init file executed; accepting connections, a little earlier, is not enough.
exec 2>/dev/null
port=${1:-3306}
exec 3<>/dev/tcp/127.0.0.1/$port || { echo "port $port: refused"; exit 1; }
# Three bytes of length, a sequence number, then the protocol version, 10; an error packet has 255 in its place.
version=$(timeout 4 head -c 5 <&3 | tail -c 1 | od -An -tu1 | tr -d ' ')
[ "$version" = 10 ] || { echo "port $port: no handshake of MySQL (expected 10, found '${version}')"; exit 1; }
