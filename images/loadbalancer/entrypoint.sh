#!/bin/bash
# entrypoint.sh serve: runs the load balancer. entrypoint.sh bring: brings its files.
case ${1-} in
  serve | bring) exec "/usr/local/bin/$1.sh" ;;
  *) echo "entrypoint.sh: expected serve or bring, found \"${1-}\"" >&2; exit 2 ;;
esac
