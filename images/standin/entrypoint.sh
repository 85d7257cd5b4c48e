#!/bin/bash
# Creates a CARBON_HOME with the name of the node, which the product needs in a cluster, then runs the server as PID 1.
set -euo pipefail
: "${NODE_NAME:?NODE_NAME is not set: expected the name of the node, e.g. keymanager-1}"
case $NODE_NAME in
  */* | . | ..) echo "NODE_NAME=$NODE_NAME: expected a plain name, e.g. keymanager-1" >&2; exit 1 ;;
esac
export CARBON_HOME=/mnt/$NODE_NAME/wso2am
mkdir -p "/mnt/$NODE_NAME"
ln -sfn "${APIM_HOME:-/opt/wso2am}" "$CARBON_HOME"
exec node /opt/standin/standin.cjs "$@"
