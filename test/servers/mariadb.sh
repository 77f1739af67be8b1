#!/usr/bin/env bash
# MariaDB for tests: a private server on loopback, its data under var/. The user hub may do everything.
#   mariadb.sh start   install what is missing, start (a running one is kept), print the variables
#   mariadb.sh env     print the variables of the running server, for eval
#   mariadb.sh stop    stop it and delete its data
# With TRIBUTARY_TEST_MARIADB already set nothing is started or stopped.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

verb=${1:-}
here=$state/mariadb
password=hub-secret

start() {
	prepare_var
	[ -x /usr/sbin/mariadbd ] && command -v mariadb-install-db >/dev/null || install mariadb-server
	if [ -s "$here/env" ] && alive "$here/pid" mariadbd; then return; fi
	forget_home
	rm -rf "$here"
	mkdir -p "$here"
	local user=mysql home port try i
	[ "$(id -u)" = 0 ] || user=$(id -un)
	home=$(home "$user")
	as_user "$user" mariadb-install-db --no-defaults --datadir="$home/data" --auth-root-authentication-method=normal \
		--skip-test-db >"$here/install.log" 2>&1 || fail "MariaDB could not make its system tables; see $here/install.log."
	# TLS for who asks for it; the user "certified" must show a certificate too.
	certificate "$here"
	command install -m 600 "$here/key.pem" "$here/ca.pem" "$home/"
	[ "$(id -u)" != 0 ] || chown "$user:" "$home/key.pem" "$home/ca.pem"
	for try in 1 2 3; do
		port=$(free_port)
		as_user "$user" setsid mariadbd --no-defaults --datadir="$home/data" --socket="$home/m.sock" --pid-file="$home/m.pid" \
			--bind-address=127.0.0.1 --port="$port" --log-error="$home/m.err" --innodb-buffer-pool-size=64M \
			--ssl-ca="$home/ca.pem" --ssl-cert="$home/ca.pem" --ssl-key="$home/key.pem" \
			</dev/null >"$here/start.log" 2>&1 &
		if wait_port "$port" $! 30; then
			# The port opens a moment before the server writes down its number.
			for ((i = 0; i < 100; i++)); do
				[ ! -s "$home/m.pid" ] || break
				sleep 0.1
			done
			cat "$home/m.pid" >"$here/pid"
			mariadb --no-defaults -S "$home/m.sock" -u root -e \
				"create user 'hub'@'127.0.0.1' identified by '$password'; grant all on *.* to 'hub'@'127.0.0.1' with grant option;
				create user 'certified'@'127.0.0.1' identified by '$password' require x509; grant select on *.* to 'certified'@'127.0.0.1'" \
				>>"$here/start.log" 2>&1 || fail "MariaDB runs but refused to make a user; see $here/start.log."
			cat >"$here/env" <<-ENV
				export TRIBUTARY_TEST_MARIADB='127.0.0.1:$port'
				export TRIBUTARY_TEST_MARIADB_USER='hub'
				export TRIBUTARY_TEST_MARIADB_PASSWORD='$password'
				export TRIBUTARY_TEST_MARIADB_CA='$here/ca.pem'
				export TRIBUTARY_TEST_MARIADB_KEY='$here/key.pem'
			ENV
			return
		fi
		say "MariaDB did not start on port $port (attempt $try)"
	done
	fail "MariaDB could not be started; see $here/start.log and $home/m.err."
}

stop() {
	[ -d "$here" ] || return 0
	stop_pid "$here/pid" mariadbd
	forget_home
	rm -rf "$here"
	rmdir "$state" 2>/dev/null || true
}

given TRIBUTARY_TEST_MARIADB TRIBUTARY_TEST_MARIADB_{USER,PASSWORD,CA,KEY}
serve mariadb.sh MariaDB
