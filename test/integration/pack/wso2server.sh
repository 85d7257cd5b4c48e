#!/bin/sh
# Starts the server in the tests' product pack as the product's own script does: the JVM is a child process that gets no
# signal from the script, JAVA_OPTS come after the script's own options, and a JVM that ends with 121 is started again.
[ -z "$CARBON_HOME" ] && CARBON_HOME=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "$JAVA_HOME" ]; then
  echo "You must set the JAVA_HOME variable before running CARBON."
  exit 1
fi
if [ -e "$CARBON_HOME/wso2carbon.pid" ]; then
  echo "Process is already running"
  exit 1
fi
echo "JAVA_HOME environment variable is set to $JAVA_HOME"
echo "CARBON_HOME environment variable is set to $CARBON_HOME"
cd "$CARBON_HOME" || exit 1
mkdir -p tmp/classes
[ -e tmp/classes/PackServer.class ] || "$JAVA_HOME/bin/javac" -encoding UTF-8 -d tmp/classes bin/PackServer.java || exit 1
classpath=$CARBON_HOME/tmp/classes
for jar in "$CARBON_HOME"/repository/components/lib/*.jar; do
  classpath=$classpath:$jar
done
status=121
while [ "$status" = 121 ]; do
  "$JAVA_HOME/bin/java" \
    -Xms256m -Xmx1024m -XX:MaxPermSize=256m \
    $JAVA_OPTS \
    -classpath "$classpath" \
    -Djava.io.tmpdir="$CARBON_HOME/tmp" \
    -Dcarbon.home="$CARBON_HOME" \
    PackServer $*
  status=$?
done
exit "$status"
