#!/usr/bin/env bash
# FTP and FTPS for tests: pyftpdlib on loopback, plain, with explicit and with implicit TLS over one folder.
#   ftp.sh start   install what is missing, start (a running one is kept), print the variables
#   ftp.sh env     print the variables of the running server, for eval
#   ftp.sh stop    stop it and delete its files
# With TRIBUTARY_TEST_FTP already set nothing is started or stopped.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

verb=${1:-}
here=$state/ftp
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

start() {
	prepare_var
	python_env
	if [ -s "$here/env" ] && alive "$here/pid" "$here/root"; then return; fi
	rm -rf "$here"
	mkdir -p "$here/root"
	certificate "$here"
	(umask 077 && cat "$here/key.pem" "$here/ca.pem" >"$here/both.pem")
	local plain explicit implicit try
	for try in 1 2 3; do
		plain=$(free_port) explicit=$(free_port) implicit=$(free_port)
		setsid "$python" "$scripts/ftpd.py" "$here/root" "$plain" "$explicit" "$implicit" "$here/both.pem" \
			>"$here/ftpd.log" 2>&1 </dev/null &
		echo $! >"$here/pid"
		if wait_port "$plain" $! 30 && wait_port "$implicit" $! 10; then
			cat >"$here/env" <<-ENV
				export TRIBUTARY_TEST_FTP='127.0.0.1:$plain'
				export TRIBUTARY_TEST_FTP_EXPLICIT='127.0.0.1:$explicit'
				export TRIBUTARY_TEST_FTP_IMPLICIT='127.0.0.1:$implicit'
				export TRIBUTARY_TEST_FTP_CA='$here/ca.pem'
				export TRIBUTARY_TEST_FTP_ROOT='$here/root'
			ENV
			return
		fi
		stop_pid "$here/pid" "$here/root"
		say "pyftpdlib did not start on port $plain (attempt $try)"
	done
	fail "the FTP server could not be started; see $here/ftpd.log."
}

stop() {
	[ -d "$here" ] || return 0
	stop_pid "$here/pid" "$here/root"
	rm -rf "$here"
	rmdir "$state" 2>/dev/null || true
}

given TRIBUTARY_TEST_FTP TRIBUTARY_TEST_FTP_{EXPLICIT,IMPLICIT,CA,ROOT}
serve ftp.sh 'FTP server'
