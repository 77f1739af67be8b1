#!/usr/bin/env bash
# Kafka Connect for benchmarks: `connect.sh lib` fetches its jars from Maven Central once and prints their folder.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

version=4.3.1
lib=$var/connect-$version
[ "${1:-}" = lib ] || fail "usage: connect.sh lib"
prepare_var
maven_jars "$lib" "Kafka Connect $version" "<dependencies>
	$(dependency org.apache.kafka connect-runtime $version)
	$(dependency org.apache.kafka connect-file $version)
	$(dependency org.slf4j slf4j-simple 1.7.36)
</dependencies>"
echo "$lib"
