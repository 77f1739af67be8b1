#!/usr/bin/env bash
# SAP's application server (CAP) for tests: the sets of test/servers/cap as OData V4 and V2 on loopback, database in memory.
#   cap.sh start   install what is missing, start (a running one is kept), print the variables
#   cap.sh env     print the variables of the running server, for eval
#   cap.sh stop    stop it and delete its files (the packages are kept)
# With TRIBUTARY_TEST_CAP already set nothing is started or stopped.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

verb=${1:-}
here=$state/cap
model=$(cd "$(dirname "${BASH_SOURCE[0]}")/cap" && pwd)
packages=$var/cap-1

# fetch_packages: once per checkout; the folder appears whole or not at all, also when two runs want it.
fetch_packages() {
	command -v npm >/dev/null && command -v node >/dev/null || install nodejs npm
	exec 9>"$var/cap.lock"
	flock 9
	if [ ! -d "$packages" ]; then
		# The database is sql.js: without its scripts npm need not compile the usual one.
		say "fetching @sap/cds and the OData V2 adapter from npm"
		rm -rf "$packages.new"
		mkdir -p "$packages.new"
		cp "$model/package.json" "$packages.new/"
		(cd "$packages.new" && npm install --ignore-scripts --no-audit --no-fund --silent) >"$var/cap-npm.log" 2>&1 9>&- ||
			fail "npm could not install @sap/cds; its output is in $var/cap-npm.log."
		mv "$packages.new" "$packages"
	fi
	exec 9>&-
}

start() {
	prepare_var
	fetch_packages
	if [ -s "$here/env" ] && alive "$here/pid" @sap/cds; then return; fi
	rm -rf "$here"
	mkdir -p "$here"
	cp -r "$model/." "$here/"
	ln -s "$packages/node_modules" "$here/node_modules"
	local port try
	for try in 1 2 3; do
		port=$(free_port)
		(cd "$here" && exec env PORT="$port" NODE_ENV=test setsid node -r ./loopback.cjs node_modules/@sap/cds/bin/serve.js) \
			>"$here/cds.log" 2>&1 </dev/null &
		echo $! >"$here/pid"
		if wait_port "$port" $! 60; then
			cat >"$here/env" <<-ENV
				export TRIBUTARY_TEST_CAP='127.0.0.1:$port'
				export TRIBUTARY_TEST_CAP_USER='hub'
				export TRIBUTARY_TEST_CAP_PASSWORD='hub-secret'
			ENV
			return
		fi
		stop_pid "$here/pid" @sap/cds
		say "@sap/cds did not start on port $port (attempt $try)"
	done
	fail "@sap/cds could not be started; see $here/cds.log."
}

stop() {
	[ -d "$here" ] || return 0
	stop_pid "$here/pid" @sap/cds
	rm -rf "$here"
	rmdir "$state" 2>/dev/null || true
}

given TRIBUTARY_TEST_CAP TRIBUTARY_TEST_CAP_{USER,PASSWORD}
serve cap.sh '@sap/cds server'
