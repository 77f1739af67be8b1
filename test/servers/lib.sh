# shellcheck shell=bash
# Shared by the scripts beside it; sourced, never run. Needs bash.
# Every function that can fail leaves the script through `fail` with one plain sentence on stderr.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
var=$repo/var
# One folder per set of servers: run.sh gives each run its own, so that two runs in a checkout never meet.
state=${TRIBUTARY_SERVERS_DIR:-$var/servers/default}

say() { echo "test/servers: $*" >&2; }
fail() { say "$*"; exit 1; }

prepare_var() {
	mkdir -p "$var" "$state" || fail "cannot create $state; check that the checkout is writable."
	[ -e "$var/.gitignore" ] || echo '*' >"$var/.gitignore"
}

# install PACKAGE…: through apt, as root, without questions. The caller says for what.
install() {
	command -v apt-get >/dev/null || fail "$* is missing and this machine has no apt-get; install it by hand."
	[ "$(id -u)" = 0 ] || fail "$* is missing and only root may install it; run as root once, or install it by hand."
	exec 8>"$var/apt.lock"
	flock 8
	say "installing $*"
	# The packages would start services of their own, which nobody here uses.
	local log=$var/apt.log policy=/usr/sbin/policy-rc.d ours=
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && ours=1
	fi
	local ok=1
	{
		# The lists once for all scripts that install now. Two runs at once: the second waits for the lock of the first.
		{ [ -n "$(find "$var/apt.updated" -mmin -10 2>/dev/null)" ] ||
			DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq update; } &&
			touch "$var/apt.updated" &&
			DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold \
				-y -qq --no-install-recommends install "$@"
	} >"$log" 2>&1 8>&- || ok=
	[ -z "$ours" ] || rm -f "$policy"
	exec 8>&-
	[ -n "$ok" ] || fail "apt-get could not install $*; its output is in $log."
}

# need_root WHAT: for servers that log in as somebody else.
need_root() { [ "$(id -u)" = 0 ] || fail "$1 must be started by root, since it serves another user; run as root."; }

# home USER: a folder under $here/home that USER may write and whose paths are short enough for unix sockets; outside the
# checkout when the checkout has neither. forget_home removes it.
home() {
	mkdir -p "$here"
	install_dir "$1" "$here/home"
	if [ ${#here} -gt 60 ] || ! as_user "$1" test -w "$here/home"; then
		rmdir "$here/home"
		ln -s "$(mktemp -d "/tmp/tributary-${here##*/}-XXXXXX")" "$here/home"
		[ "$(id -u)" != 0 ] || chown "$1:" "$here/home/."
		chmod 755 "$here/home/."
	fi
	(cd "$here/home" && pwd -P)
}
install_dir() { if [ "$(id -u)" = 0 ]; then command install -d -o "$1" -m 755 "$2"; else mkdir -p "$2"; fi; }
as_user() {
	local user=$1
	shift
	if [ "$(id -u)" = 0 ]; then setpriv --reuid="$user" --regid="$user" --init-groups "$@"; else "$@"; fi
}
forget_home() { [ ! -e "$here/home" ] || rm -rf "$(cd "$here/home" && pwd -P)"; }

# certificate FOLDER: a key and a certificate for this machine's loopback, key.pem and ca.pem.
certificate() {
	command -v openssl >/dev/null || install openssl
	openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout "$1/key.pem" -out "$1/ca.pem" -subj /CN=localhost \
		-addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' 2>"$1/openssl.log" ||
		fail "openssl could not make a certificate; see $1/openssl.log."
}

# python_env: a Python of our own with the servers that come from PyPI; $python is its interpreter. It appears whole or
# not at all, also when two runs want it.
python_env() {
	local packages=('pyftpdlib[ssl]==2.2.0' 'moto[server,s3]==5.2.5') env=$var/python-1
	python=$env/bin/python
	exec 9>"$var/python.lock"
	flock 9
	if [ ! -x "$python" ]; then
		command -v python3 >/dev/null && python3 -c 'import ensurepip, venv' 2>/dev/null || install python3-venv
		say "fetching ${packages[*]} from PyPI"
		rm -rf "$env.new" "$env"
		{ python3 -m venv "$env.new" && "$env.new/bin/python" -m pip install -q --disable-pip-version-check "${packages[@]}"; } \
			>"$var/pip.log" 2>&1 9>&- || fail "pip could not install ${packages[*]}; its output is in $var/pip.log."
		mv "$env.new" "$env"
	fi
	exec 9>&-
}

dependency() { echo "<dependency><groupId>$1</groupId><artifactId>$2</artifactId><version>$3</version>${4:-}</dependency>"; }

# maven_jars FOLDER WHAT POM: once per checkout the jars that the middle of a POM asks for; the folder appears whole or not
# at all, also when two runs want it.
maven_jars() {
	local missing=()
	command -v java >/dev/null || missing+=(default-jdk-headless)
	[ -d "$1" ] || command -v mvn >/dev/null || missing+=(maven)
	[ ${#missing[@]} = 0 ] || install "${missing[@]}"
	exec 9>"$1.lock"
	flock 9
	if [ ! -d "$1" ]; then
		say "fetching $2 from Maven Central"
		rm -rf "$1.new"
		mkdir -p "$1.new"
		cat >"$1.new/pom.xml" <<-XML
			<project><modelVersion>4.0.0</modelVersion>
			<groupId>tributary.test</groupId><artifactId>jars</artifactId><version>1</version>
			$3
			</project>
		XML
		(cd "$1.new" && mvn -q -B dependency:copy-dependencies -DoutputDirectory="$1.new/lib") >"$1.log" 2>&1 9>&- ||
			fail "Maven could not fetch $2; its output is in $1.log."
		mv "$1.new/lib" "$1"
		rm -rf "$1.new"
	fi
	exec 9>&-
}

# env_of WORD: prints the variables of the running server.
env_of() {
	[ -s "$here/env" ] || fail "no $1 is running here; start one with test/servers/$2 start."
	cat "$here/env"
}

# given VARIABLE…: when the first is set the server is given from outside: the rest of it is passed on, nothing is
# started or stopped, and the script ends.
given() {
	local name
	[ -n "${!1:-}" ] || return 0
	[ "$verb" != stop ] || exit 0
	for name in "$@"; do
		[ -z "${!name:-}" ] || printf "export %s='%s'\n" "$name" "${!name}"
	done
	exit 0
}

# serve SCRIPT WHAT: the verbs of a script that defines start and stop.
serve() {
	case $verb in
	start)
		start # alone, so that a command in it that fails ends the script
		env_of "$2" "$1"
		;;
	stop) stop ;;
	env) env_of "$2" "$1" ;;
	*) fail "usage: $1 start|stop|env" ;;
	esac
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port: a port nobody listens on, below the kernel's ephemeral range so that no client socket takes it meanwhile.
free_port() {
	local port i
	for ((i = 0; i < 200; i++)); do
		port=$((20000 + RANDOM % 12000))
		listening "$port" || { echo "$port"; return; }
	done
	fail "found no free port between 20000 and 32000 on 127.0.0.1."
}

# wait_port PORT PID SECONDS: until it listens; 1 when the process ended or the time is up.
wait_port() {
	local i
	for ((i = 0; i < $3 * 10; i++)); do
		listening "$1" && return
		kill -0 "$2" 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}

# alive FILE WORD: whether the process named in FILE runs and has WORD on its command line; after a restart of the
# machine the number may belong to a stranger.
alive() {
	local pid
	[ -s "$1" ] || return 1
	pid=$(cat "$1")
	tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$2"
}

# stop_pid FILE WORD: asks the process to end, insists after 20 s, and removes FILE.
stop_pid() {
	local i
	if alive "$1" "$2"; then
		kill "$(cat "$1")"
		for ((i = 0; i < 200; i++)); do
			alive "$1" "$2" || break
			sleep 0.1
		done
		if alive "$1" "$2"; then kill -9 "$(cat "$1")"; fi
	fi
	rm -f "$1"
}
