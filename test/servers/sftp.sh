#!/usr/bin/env bash
# OpenSSH for tests: an SFTP server on loopback for the user hubsftp, who may log in by password and by key.
#   sftp.sh start   install what is missing, start (a running one is kept), print the variables
#   sftp.sh env     print the variables of the running server, for eval
#   sftp.sh stop    stop it and delete its files
# With TRIBUTARY_TEST_SFTP already set nothing is started or stopped.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

verb=${1:-}
here=$state/sftp
user=hubsftp password=hub-secret

start() {
	prepare_var
	[ -x /usr/sbin/sshd ] || install openssh-server
	need_root "the SFTP server"
	if [ -s "$here/env" ] && alive "$here/pid" "$here/sshd_config"; then return; fi
	forget_home
	rm -rf "$here"
	mkdir -p "$here/keys" /run/sshd
	# OpenSSH takes passwords from the machine's list of users only.
	id "$user" >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin "$user"
	echo "$user:$password" | chpasswd
	ssh-keygen -q -t ed25519 -N '' -f "$here/hostkey"
	ssh-keygen -q -t rsa -b 2048 -N '' -f "$here/hostkey_rsa"
	ssh-keygen -q -t ed25519 -N '' -C '' -f "$here/clientkey"
	local home port try
	home=$(home "$user")
	mkdir -p "$home/files"
	chmod 777 "$home/files"
	command install -m 644 "$here/clientkey.pub" "$home/authorized_key"
	for try in 1 2 3; do
		port=$(free_port)
		cat >"$here/sshd_config" <<-CONF
			Port $port
			ListenAddress 127.0.0.1
			HostKey $here/hostkey
			HostKey $here/hostkey_rsa
			PidFile none
			UsePAM no
			StrictModes no
			PermitRootLogin no
			PasswordAuthentication yes
			KbdInteractiveAuthentication no
			MaxStartups 200
			AuthorizedKeysFile $home/authorized_key
			AllowUsers $user
			Subsystem sftp internal-sftp
			ForceCommand internal-sftp -d $home/files
		CONF
		setsid /usr/sbin/sshd -D -f "$here/sshd_config" -E "$here/sshd.log" </dev/null >/dev/null 2>&1 &
		echo $! >"$here/pid"
		if wait_port "$port" $! 20; then
			cat >"$here/env" <<-ENV
				export TRIBUTARY_TEST_SFTP='127.0.0.1:$port'
				export TRIBUTARY_TEST_SFTP_USER='$user'
				export TRIBUTARY_TEST_SFTP_PASSWORD='$password'
				export TRIBUTARY_TEST_SFTP_KEY='$here/clientkey'
				export TRIBUTARY_TEST_SFTP_HOST_KEY='$(ssh-keygen -lf "$here/hostkey.pub" | cut -d' ' -f2)'
				export TRIBUTARY_TEST_SFTP_ROOT='$home/files'
			ENV
			return
		fi
		stop_pid "$here/pid" "$here/sshd_config"
		say "OpenSSH did not start on port $port (attempt $try)"
	done
	fail "OpenSSH could not be started; see $here/sshd.log."
}

stop() {
	[ -d "$here" ] || return 0
	stop_pid "$here/pid" "$here/sshd_config"
	forget_home
	rm -rf "$here"
	rmdir "$state" 2>/dev/null || true
}

given TRIBUTARY_TEST_SFTP TRIBUTARY_TEST_SFTP_{USER,PASSWORD,KEY,HOST_KEY,ROOT}
serve sftp.sh 'SFTP server'
