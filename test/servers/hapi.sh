#!/usr/bin/env bash
# HAPI FHIR's own JPA server for tests: FHIR R4 on loopback, database in memory, its jars (400 MB) from Maven Central.
#   hapi.sh start   install what is missing, start (a running one is kept), print the variables; it answers some 40 s later,
#                   and whoever calls before waits for the answer
#   hapi.sh env     print the variables of the running server, for eval
#   hapi.sh stop    stop it and delete its files (the jars are kept)
# It takes 0.8 GB of memory. With TRIBUTARY_TEST_HAPI already set nothing is started or stopped.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

verb=${1:-}
here=$state/hapi
launcher=$(cd "$(dirname "${BASH_SOURCE[0]}")/hapi" && pwd)
version=8.8.0
lib=$var/hapi-$version

fetch_jars() {
	# Without the import Maven picks another Hibernate, which does not start.
	maven_jars "$lib" "HAPI FHIR $version" "
		<dependencyManagement><dependencies>
		$(dependency ca.uhn.hapi.fhir hapi-fhir $version '<type>pom</type><scope>import</scope>')
		</dependencies></dependencyManagement>
		<dependencies>
		$(dependency ca.uhn.hapi.fhir hapi-fhir-jpaserver-test-utilities $version)
		</dependencies>"
}

start() {
	prepare_var
	fetch_jars
	command -v javac >/dev/null || install default-jdk-headless
	if [ -s "$here/env" ] && alive "$here/pid" "$here/classes"; then return; fi
	rm -rf "$here"
	mkdir -p "$here/classes"
	cp "$launcher/logback.xml" "$here/classes/"
	javac -cp "$lib/*" -d "$here/classes" "$launcher/Fhir.java" >"$here/javac.log" 2>&1 ||
		fail "javac could not compile the launcher of HAPI FHIR; see $here/javac.log."
	local port try
	for try in 1 2 3; do
		port=$(free_port)
		# The simple compiler and collector: the server lives for minutes, beside tests that want the processors.
		setsid java -Xmx768m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$here/classes:$lib/*" Fhir "$port" \
			>"$here/fhir.log" 2>&1 </dev/null &
		echo $! >"$here/pid"
		if wait_port "$port" $! 60; then
			echo "export TRIBUTARY_TEST_HAPI='127.0.0.1:$port'" >"$here/env"
			return
		fi
		stop_pid "$here/pid" "$here/classes"
		say "HAPI FHIR did not start on port $port (attempt $try)"
	done
	fail "HAPI FHIR could not be started; see $here/fhir.log."
}

stop() {
	[ -d "$here" ] || return 0
	stop_pid "$here/pid" "$here/classes"
	rm -rf "$here"
	rmdir "$state" 2>/dev/null || true
}

given TRIBUTARY_TEST_HAPI
serve hapi.sh 'HAPI FHIR server'
