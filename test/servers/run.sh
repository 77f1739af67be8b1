#!/usr/bin/env bash
# run.sh COMMAND…: runs COMMAND beside a real PostgreSQL and a real Apache Kafka, whose addresses it exports (see the
# two scripts), stops what it started, whatever happens, and ends with COMMAND's exit code. It never runs COMMAND
# without both servers.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: test/servers/run.sh COMMAND…" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

state=$var/servers/run-$$
export TRIBUTARY_SERVERS_DIR=$state

stop_all() { # FOLDER
	# The variables are cleared because they say "given from outside" to the scripts.
	TRIBUTARY_SERVERS_DIR=$1 TRIBUTARY_TEST_KAFKA='' "$here/kafka.sh" stop || true
	TRIBUTARY_SERVERS_DIR=$1 TRIBUTARY_TEST_POSTGRES='' "$here/postgres.sh" stop || true
	rm -rf "$1"
}

# A run that was killed hard left its servers behind: its folder bears its process id.
for old in "$var"/servers/run-*; do
	[ -d "$old" ] || continue
	kill -0 "${old##*-}" 2>/dev/null || stop_all "$old"
done

child=
# shellcheck disable=SC2317 # reached through the trap
finish() {
	trap - EXIT
	trap '' INT TERM HUP
	if [ -n "$child" ]; then kill -TERM -- "-$child" 2>/dev/null || true; fi
	stop_all "$state"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

command -v gcc >/dev/null || { prepare_var; install gcc libc6-dev; } # go test -race needs cgo

given_pg=${TRIBUTARY_TEST_POSTGRES:-} given_kafka=${TRIBUTARY_TEST_KAFKA:-}
vars=$("$here/postgres.sh" start) || fail "PostgreSQL is needed and could not be had; nothing was run."
eval "$vars"
vars=$("$here/kafka.sh" start) || fail "Kafka is needed and could not be had; nothing was run."
eval "$vars"

if [ -n "$given_pg" ]; then say "PostgreSQL as given in TRIBUTARY_TEST_POSTGRES"; else
	say "PostgreSQL $(psql "$TRIBUTARY_TEST_POSTGRES" -Atc 'show server_version')"
fi
if [ -n "$given_kafka" ]; then say "Kafka as given in TRIBUTARY_TEST_KAFKA ($given_kafka)"; else
	jar=$(echo "$TRIBUTARY_TEST_KAFKA_LIB"/kafka-clients-*.jar) && jar=${jar##*kafka-clients-}
	say "Apache Kafka ${jar%.jar} on $TRIBUTARY_TEST_KAFKA"
fi

# A process group of its own: a signal to this script then ends all of COMMAND, and the shell hears signals meanwhile.
set -m
"$@" </dev/null &
child=$!
set +m
code=0
wait "$child" || code=$?
child=
exit "$code"
