#!/usr/bin/env bash
# PostgreSQL for tests: a private server on loopback with fsync on, its data under var/.
#   postgres.sh start   install what is missing, start (a running one is kept), print the variables
#   postgres.sh env     print the variables of the running server, for eval
#   postgres.sh stop    stop it and delete its data
# With TRIBUTARY_TEST_POSTGRES already set nothing is started or stopped.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

here=$state/postgres
user=hub password=hub-secret database=tributary

newest_bin() { printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5 -n | tail -1; }

find_bin() {
	bin=$(newest_bin)
	if [ ! -x "$bin/initdb" ]; then
		# The package would start a cluster of its own, which nobody here uses.
		if [ "$(id -u)" = 0 ] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
			mkdir -p /etc/postgresql-common
			echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
		fi
		install postgresql
		bin=$(newest_bin)
	fi
	[ -x "$bin/initdb" ] || fail "no PostgreSQL server programs below /usr/lib/postgresql after installing."
}

# as: PostgreSQL refuses to run as root.
as() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=postgres --regid=postgres --init-groups "$@"
	else
		"$@"
	fi
}

# home: the data folder; outside the checkout when the server's user may not walk into the checkout.
home() {
	if [ "$(id -u)" != 0 ]; then
		mkdir -p "$here/home"
	else
		mkdir -p "$here/home"
		chown postgres: "$here/home"
		if ! as test -w "$here/home"; then
			rmdir "$here/home"
			ln -s "$(mktemp -d /tmp/tributary-postgres-XXXXXX)" "$here/home"
			chown -h postgres: "$here/home/."
		fi
	fi
	(cd "$here/home" && pwd -P)
}

running() { [ -s "$here/url" ] && [ -s "$here/data" ] && as "$bin/pg_ctl" -D "$(cat "$here/data")" status >/dev/null 2>&1; }

start() {
	prepare_var
	find_bin
	if running; then return; fi
	rm -rf "$here"
	mkdir -p "$here"
	local home data port try
	home=$(home)
	data=$home/data
	echo "$data" >"$here/data"
	# shellcheck disable=SC2016 # expanded by that shell, not by this one
	as sh -c 'umask 077; printf %s "$1" >"$2"' - "$password" "$home/password"
	(cd "$home" && as "$bin/initdb" -D "$data" -U "$user" --pwfile="$home/password" -A scram-sha-256 \
		-E UTF8 --locale=C.UTF-8 --data-checksums) >"$here/initdb.log" 2>&1 ||
		fail "initdb could not make a PostgreSQL cluster; its output is in $here/initdb.log."
	# TLS for who asks for it; the role "certified" must show a certificate too.
	certificate "$here"
	command install -m 600 "$here/key.pem" "$here/ca.pem" "$home/"
	[ "$(id -u)" != 0 ] || chown postgres: "$home/key.pem" "$home/ca.pem"
	# shellcheck disable=SC2016 # expanded by that shell, not by this one
	as sh -c 'printf "hostssl all certified 127.0.0.1/32 scram-sha-256 clientcert=verify-ca\n%s\n" "$(cat "$1")" >"$1"' - "$data/pg_hba.conf"
	# Commits are durable as anywhere; checkpoints, which write out the files of all schemas of the tests, are few.
	# A unix socket path may hold 107 bytes; a deep checkout exceeds that, so there is none.
	for try in 1 2 3; do
		port=$(free_port)
		if (cd "$home" && as "$bin/pg_ctl" -D "$data" -l "$home/server.log" -w -t 60 \
			-o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=on -c max_connections=200 \
			-c full_page_writes=off -c checkpoint_timeout=1h -c max_wal_size=4GB \
			-c ssl=on -c ssl_cert_file=$home/ca.pem -c ssl_key_file=$home/key.pem -c ssl_ca_file=$home/ca.pem" \
			start) >"$here/start.log" 2>&1 </dev/null; then
			PGPASSWORD=$password "$bin/psql" -h 127.0.0.1 -p "$port" -U "$user" -d postgres -q \
				-c "create database $database" -c "create role certified login password '$password'" >>"$here/start.log" 2>&1 ||
				fail "PostgreSQL runs but refused to create a database; see $here/start.log."
			echo "postgres://$user:$password@127.0.0.1:$port/$database?sslmode=disable" >"$here/url"
			return
		fi
		say "PostgreSQL did not start on port $port (attempt $try)"
	done
	fail "PostgreSQL could not be started; see $here/start.log and $home/server.log."
}

stop() {
	[ -s "$here/data" ] || return 0
	bin=$(newest_bin)
	if running; then
		as "$bin/pg_ctl" -D "$(cat "$here/data")" -m fast -w -t 60 stop >/dev/null 2>&1 ||
			as "$bin/pg_ctl" -D "$(cat "$here/data")" -m immediate -w stop >/dev/null 2>&1 ||
			fail "PostgreSQL did not stop; its process is named in $(cat "$here/data")/postmaster.pid."
	fi
	rm -rf "$(cd "$here/home" && pwd -P)" "$here"
	rmdir "$state" 2>/dev/null || true
}

env() {
	[ -s "$here/url" ] || fail "no PostgreSQL is running here; start one with test/servers/postgres.sh start."
	echo "export TRIBUTARY_TEST_POSTGRES='$(cat "$here/url")'"
	echo "export TRIBUTARY_TEST_POSTGRES_CA='$here/ca.pem'"
	echo "export TRIBUTARY_TEST_POSTGRES_KEY='$here/key.pem'"
}

if [ -n "${TRIBUTARY_TEST_POSTGRES:-}" ]; then
	[ "${1:-}" = stop ] || echo "export TRIBUTARY_TEST_POSTGRES='$TRIBUTARY_TEST_POSTGRES'"
	exit 0
fi
case ${1:-} in
start) start && env ;;
stop) stop ;;
env) env ;;
*) fail "usage: postgres.sh start|stop|env" ;;
esac
