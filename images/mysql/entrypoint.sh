#!/bin/bash
# Creates the data directory at the first start, then runs the server as PID 1. The server executes /run/apim/init.sql,
# if it exists, at every start: this creates the administrator's account and sets its password to the deployment's.
set -euo pipefail

data=/var/lib/mysql
given=/run/apim/init.sql
run=/run/mysqld
init=$run/init.sql
defaults=--defaults-file=/etc/apim/my.cnf

install -d -o mysql -g mysql -m 0750 "$data" /var/lib/mysql-files "$run"
# Left behind by a container that was killed.
rm -f "$run"/mysqld.sock "$run"/mysqld.sock.lock "$run"/mysqld.pid "$init"

if [ ! -e "$data/mysql.ibd" ] || [ -e "$data/.initializing" ]; then
  # The marker file distinguishes an interrupted initialization, whose directory has no data yet, from a finished one.
  if [ ! -e "$data/.initializing" ] && [ -n "$(find "$data" -mindepth 1 -not -name lost+found -print -quit)" ]; then
    echo "$data is neither empty nor a MySQL data directory, so it is left as it is. Use an empty volume." >&2
    exit 1
  fi
  find "$data" -mindepth 1 -not -name lost+found -not -name .initializing -delete
  install -o mysql -g mysql -m 0640 /dev/null "$data/.initializing"
  fresh=$data/.fresh
  mysqld "$defaults" --initialize-insecure --datadir="$fresh"
  find "$fresh" -mindepth 1 -maxdepth 1 -exec mv -t "$data" {} +
  rmdir "$fresh"
  rm "$data/.initializing"
fi

# root has no password, but can only connect through the socket: its only account is root@localhost, and with
# skip-name-resolve no TCP client is "localhost".
install -o mysql -g mysql -m 0600 /dev/null "$init"
if [ -e "$given" ]; then
  cat "$given" >>"$init"
fi

exec mysqld "$defaults" --init-file="$init" "$@"
