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
	say "installing $*"
	local log=$var/apt.log
	{
		# Two runs at once: the second waits for the lock of the first instead of failing.
		DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq update &&
			DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold \
				-y -qq --no-install-recommends install "$@"
	} >"$log" 2>&1 || fail "apt-get could not install $*; its output is in $log."
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
	tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$2"
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
