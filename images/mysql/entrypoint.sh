#!/bin/bash
# Makes the data directory on the first start, then runs the server as PID 1 with /run/apim/init.sql, if there is one.
# That file is run at every start: it creates the administrator's account and sets its password, so that the password
# is always the one that the deployment knows.
set -euo pipefail

data=/var/lib/mysql
given=/run/apim/init.sql
run=/run/mysqld
init=$run/init.sql
defaults=--defaults-file=/etc/apim/my.cnf

install -d -o mysql -g mysql -m 0750 "$data" /var/lib/mysql-files "$run"
# A container that was killed leaves these behind.
rm -f "$run"/mysqld.sock "$run"/mysqld.sock.lock "$run"/mysqld.pid "$init"

if [ ! -e "$data/mysql.ibd" ] || [ -e "$data/.initializing" ]; then
  # The mark tells a directory that was cut off half way from a finished one; nothing of anybody's is in it yet.
  if [ ! -e "$data/.initializing" ] && [ -n "$(find "$data" -mindepth 1 -not -name lost+found -print -quit)" ]; then
    echo "$data is not empty, but no MySQL data directory either: refusing to touch it. Give an empty volume." >&2
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

# root has no password and so comes through the socket only: its one account is root@localhost, and with
# skip-name-resolve no TCP client is ever "localhost".
install -o mysql -g mysql -m 0600 /dev/null "$init"
if [ -e "$given" ]; then
  cat "$given" >>"$init"
fi

exec mysqld "$defaults" --init-file="$init" "$@"
