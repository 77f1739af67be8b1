#!/usr/bin/env bash
# run.sh COMMAND…: runs COMMAND beside real servers (PostgreSQL, Apache Kafka, OpenSSH, FTP, IMAP, S3, MariaDB, SAP's CAP,
# HAPI FHIR), whose addresses it exports (see their scripts), stops what it started, whatever happens, and ends with
# COMMAND's exit code. It never runs COMMAND without all of them.
set -euo pipefail
[ $# -gt 0 ] || { echo "usage: test/servers/run.sh COMMAND…" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

state=$var/servers/run-$$
export TRIBUTARY_SERVERS_DIR=$state

servers=(postgres kafka sftp ftp imap s3 mariadb cap hapi)
variable() { local name=TRIBUTARY_TEST_${1^^}; echo "$name"; }

stop_all() { # FOLDER
	local server
	for server in "${servers[@]}"; do
		# The variable is cleared because it says "given from outside" to the script.
		env TRIBUTARY_SERVERS_DIR="$1" "$(variable "$server")=" "$here/$server.sh" stop &
	done
	wait
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
command -v npm >/dev/null && command -v node >/dev/null || { prepare_var; install nodejs npm; } # another project's validator of EPCIS

# All at once: each is small, and together they take as long as the slowest.
prepare_var
starts=()
for server in "${servers[@]}"; do
	"$here/$server.sh" start >"$state/$server.vars" &
	starts+=($!)
done
missing=()
for i in "${!servers[@]}"; do
	wait "${starts[$i]}" || missing+=("${servers[$i]}")
done
[ ${#missing[@]} = 0 ] || fail "${missing[*]}: needed and could not be had; nothing was run."

version() {
	case $1 in
	postgres) echo "PostgreSQL $(psql "$TRIBUTARY_TEST_POSTGRES" -Atc 'show server_version')" ;;
	kafka)
		local jar
		jar=$(echo "$TRIBUTARY_TEST_KAFKA_LIB"/kafka-clients-*.jar) && jar=${jar##*kafka-clients-}
		echo "Apache Kafka ${jar%.jar}"
		;;
	sftp) ssh -V 2>&1 | cut -d, -f1 ;;
	ftp) "$var/python-1/bin/python" -c 'import pyftpdlib; print("pyftpdlib", pyftpdlib.__ver__)' ;;
	imap) echo "dovecot $(dovecot --version | cut -d' ' -f1)" ;;
	s3) "$var/python-1/bin/python" -c 'import importlib.metadata as m; print("moto", m.version("moto"))' ;;
	mariadb) mariadbd --version | sed 's/.*Ver \([^ ]*\).*/MariaDB \1/' ;;
	cap) node -p '"@sap/cds " + require(process.argv[1]).version' "$var/cap-1/node_modules/@sap/cds/package.json" ;;
	hapi)
		local hapi
		hapi=$(echo "$var"/hapi-*/hapi-fhir-base-*.jar) && hapi=${hapi##*hapi-fhir-base-}
		echo "HAPI FHIR ${hapi%.jar} (starting)"
		;;
	esac
}
for server in "${servers[@]}"; do
	name=$(variable "$server")
	if [ -n "${!name:-}" ]; then
		say "$server as given in $name"
	else
		eval "$(cat "$state/$server.vars")"
		say "$(version "$server")"
	fi
done

# A process group of its own: a signal to this script then ends all of COMMAND, and the shell hears signals meanwhile.
set -m
"$@" </dev/null &
child=$!
set +m
code=0
wait "$child" || code=$?
child=
exit "$code"
