#!/bin/bash
# healthcheck PORT: healthy when the server answers on its management port; nothing earlier proves that it started.
[ $# -eq 1 ] || { echo "healthcheck: expected the management port" >&2; exit 2; }
exec 3<>"/dev/tcp/127.0.0.1/$1"
