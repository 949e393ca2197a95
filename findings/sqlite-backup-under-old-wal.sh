#!/bin/sh
# SQLite 3.40.1: a whole, checked backup is copied over a database whose process was killed. The -wal file that the killed process
# left lies on top of the restored file, belongs to the old one, and wins: the restored rows are gone, and integrity_check says
# ok. Delete -wal and -shm before a restore.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get -q download sqlite3=3.40.1-2+deb12u2 >/dev/null 2>&1
dpkg -x ./*.deb root
sqlite=$dir/root/usr/bin/sqlite3
"$sqlite" live.db 'PRAGMA journal_mode=WAL; CREATE TABLE kept(x)' >/dev/null
"$sqlite" live.db "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2000) INSERT INTO kept SELECT i FROM n" '.backup backup.db'
# Somebody empties the table and is killed: the change is in the -wal alone.
mkfifo in
"$sqlite" live.db <in >/dev/null & pid=$!
exec 3>in
echo 'PRAGMA wal_autocheckpoint=0; DELETE FROM kept;' >&3
until [ -s live.db-wal ]; do kill -0 "$pid" || exit 1; sleep 0.1; done
sleep 0.5
kill -9 "$pid"
exec 3>&-
cp backup.db live.db
"$sqlite" --version
rows=$("$sqlite" live.db 'SELECT count(*) FROM kept')
check=$("$sqlite" live.db 'PRAGMA integrity_check')
backup=$("$sqlite" backup.db 'SELECT count(*) FROM kept')
echo "backup: $backup rows; restored: $rows rows; integrity_check: $check"
if [ "$backup" = 2000 ] && [ "$rows" = 0 ] && [ "$check" = ok ]; then echo "as found"; else echo "changed"; exit 1; fi
