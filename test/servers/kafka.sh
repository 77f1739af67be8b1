#!/usr/bin/env bash
# Apache Kafka for tests: one KRaft node on loopback, its jars from Maven Central, all of it under var/.
#   kafka.sh start   install what is missing, start (a running one is kept), print the variables
#   kafka.sh env     print the variables of the running broker, for eval
#   kafka.sh stop    stop it and delete its data (the jars are kept)
#   kafka.sh lib     fetch the jars only and print their folder
# With TRIBUTARY_TEST_KAFKA already set nothing is started or stopped.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

version=4.3.1
here=$state/kafka
lib=${TRIBUTARY_TEST_KAFKA_LIB:-$var/kafka-$version}
user=hub password=hub-secret

fetch_jars() {
	command -v openssl >/dev/null || install openssl
	maven_jars "$lib" "Kafka $version" "<dependencies>
		$(dependency org.apache.kafka kafka_2.13 $version)
		$(dependency org.apache.kafka kafka-tools $version)
		$(dependency org.slf4j slf4j-simple 1.7.36)
	</dependencies>"
}

jvm() { java -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$lib/*" "$@"; }

running() { [ -s "$here/env" ] && alive "$here/pid" "$here/server.properties"; }

configure() { # PLAIN_PORT SASL_PORT TLS_PORT CONTROLLER_PORT
	local listeners="PLAINTEXT://127.0.0.1:$1,SASL_PLAINTEXT://127.0.0.1:$2,SASL_SSL://127.0.0.1:$3" name
	cat >"$here/server.properties" <<-CONF
		process.roles=broker,controller
		node.id=1
		log.dirs=$here/data
		controller.listener.names=CONTROLLER
		controller.quorum.bootstrap.servers=127.0.0.1:$4
		listeners=$listeners,CONTROLLER://127.0.0.1:$4
		advertised.listeners=$listeners
		inter.broker.listener.name=PLAINTEXT
		listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
		sasl.enabled.mechanisms=SCRAM-SHA-512
		ssl.keystore.type=PEM
		ssl.keystore.location=$here/keystore.pem
		auto.create.topics.enable=false
		group.initial.rebalance.delay.ms=0
		offsets.topic.replication.factor=1
		offsets.topic.num.partitions=4
		transaction.state.log.replication.factor=1
		transaction.state.log.min.isr=1
		broker.session.timeout.ms=3000
		broker.heartbeat.interval.ms=500
	CONF
	for name in sasl_plaintext sasl_ssl; do
		echo "listener.name.$name.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;" \
			>>"$here/server.properties"
	done
}

start() {
	prepare_var
	fetch_jars
	if running; then return; fi
	rm -rf "$here"
	mkdir -p "$here"
	openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout "$here/key.pem" -out "$here/ca.pem" -subj /CN=localhost \
		-addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' 2>"$here/openssl.log" ||
		fail "openssl could not make a certificate; see $here/openssl.log."
	(umask 077 && cat "$here/key.pem" "$here/ca.pem" >"$here/keystore.pem")
	local plain sasl tls try
	for try in 1 2 3; do
		plain=$(free_port) sasl=$(free_port) tls=$(free_port)
		configure "$plain" "$sasl" "$tls" "$(free_port)"
		rm -rf "$here/data"
		# The cluster id is any 16 bytes in base64url; a fixed one is fine, nothing else joins.
		jvm -Xmx128m kafka.tools.StorageTool format -t dHJpYnV0YXJ5LXRlc3QtMQ -c "$here/server.properties" --standalone \
			--add-scram "SCRAM-SHA-512=[name=$user,password=$password]" >"$here/format.log" 2>&1 ||
			fail "Kafka could not format its storage; see $here/format.log."
		# A session of its own, so that Ctrl-C in the terminal reaches the tests first and the broker is stopped in order.
		setsid java -Xms128m -Xmx512m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$lib/*" \
			kafka.Kafka "$here/server.properties" >"$here/kafka.log" 2>&1 </dev/null &
		echo $! >"$here/pid"
		if wait_port "$plain" "$(cat "$here/pid")" 60 && wait_port "$tls" "$(cat "$here/pid")" 10; then
			cat >"$here/env" <<-ENV
				export TRIBUTARY_TEST_KAFKA='127.0.0.1:$plain'
				export TRIBUTARY_TEST_KAFKA_LIB='$lib'
				export TRIBUTARY_TEST_KAFKA_SASL='127.0.0.1:$sasl'
				export TRIBUTARY_TEST_KAFKA_SASL_TLS='127.0.0.1:$tls'
				export TRIBUTARY_TEST_KAFKA_CA='$here/ca.pem'
				export TRIBUTARY_TEST_KAFKA_USER='$user'
				export TRIBUTARY_TEST_KAFKA_PASSWORD='$password'
			ENV
			return
		fi
		stop_pid "$here/pid" "$here/server.properties"
		say "Kafka did not start on port $plain (attempt $try)"
	done
	fail "Kafka could not be started; see $here/kafka.log."
}

stop() {
	[ -d "$here" ] || return 0
	stop_pid "$here/pid" "$here/server.properties"
	rm -rf "$here"
	rmdir "$state" 2>/dev/null || true
}

env() {
	[ -s "$here/env" ] || fail "no Kafka is running here; start one with test/servers/kafka.sh start."
	cat "$here/env"
}

if [ -n "${TRIBUTARY_TEST_KAFKA:-}" ] && [ "${1:-}" != lib ]; then
	[ "${1:-}" = stop ] && exit 0
	# Kafka's own tools judge what we write, so their jars are wanted beside a given broker too.
	prepare_var
	fetch_jars
	echo "export TRIBUTARY_TEST_KAFKA='$TRIBUTARY_TEST_KAFKA'"
	echo "export TRIBUTARY_TEST_KAFKA_LIB='$lib'"
	exit 0
fi
case ${1:-} in
start) start && env ;;
stop) stop ;;
env) env ;;
lib) prepare_var && fetch_jars && echo "$lib" ;;
*) fail "usage: kafka.sh start|stop|env|lib" ;;
esac
