#!/usr/bin/env bash
# IMAP for tests: dovecot on loopback with STARTTLS and with TLS from the first byte; any user name has a mailbox.
#   imap.sh start   install what is missing, start (a running one is kept), print the variables
#   imap.sh env     print the variables of the running server, for eval
#   imap.sh stop    stop it and delete its mail
# With TRIBUTARY_TEST_IMAP already set nothing is started or stopped.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

verb=${1:-}
here=$state/imap
password=hub-secret

start() {
	prepare_var
	[ -x /usr/lib/dovecot/imap ] || install dovecot-imapd
	need_root "the IMAP server"
	if [ -s "$here/env" ] && alive "$here/pid" "$here/dovecot.conf"; then return; fi
	forget_home
	rm -rf "$here"
	mkdir -p "$here"
	certificate "$here"
	id vmail >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin vmail
	local home plain tls try
	home=$(home vmail)
	command install -d -o vmail "$home/mail"
	mkdir -p "$home/run" "$home/state"
	for try in 1 2 3; do
		plain=$(free_port) tls=$(free_port)
		cat >"$here/dovecot.conf" <<-CONF
			base_dir = $home/run
			state_dir = $home/state
			log_path = $here/dovecot.log
			protocols = imap
			listen = 127.0.0.1
			ssl = yes
			ssl_cert = <$here/ca.pem
			ssl_key = <$here/key.pem
			auth_mechanisms = plain login
			mail_location = maildir:$home/mail/%u
			first_valid_uid = 1
			mail_max_userip_connections = 100
			auth_failure_delay = 0
			service anvil {
			  unix_listener anvil-auth-penalty {
			    mode = 0
			  }
			}
			passdb {
			  driver = static
			  args = password=$password
			}
			userdb {
			  driver = static
			  args = uid=vmail gid=vmail home=$home/mail/%u
			}
			service imap-login {
			  inet_listener imap {
			    port = $plain
			  }
			  inet_listener imaps {
			    port = $tls
			    ssl = yes
			  }
			}
		CONF
		setsid dovecot -F -c "$here/dovecot.conf" </dev/null >"$here/start.log" 2>&1 &
		echo $! >"$here/pid"
		if wait_port "$plain" $! 20 && wait_port "$tls" $! 5; then
			cat >"$here/env" <<-ENV
				export TRIBUTARY_TEST_IMAP='127.0.0.1:$plain'
				export TRIBUTARY_TEST_IMAP_TLS='127.0.0.1:$tls'
				export TRIBUTARY_TEST_IMAP_CA='$here/ca.pem'
				export TRIBUTARY_TEST_IMAP_PASSWORD='$password'
			ENV
			return
		fi
		stop_pid "$here/pid" "$here/dovecot.conf"
		say "dovecot did not start on port $plain (attempt $try)"
	done
	fail "dovecot could not be started; see $here/dovecot.log and $here/start.log."
}

stop() {
	[ -d "$here" ] || return 0
	stop_pid "$here/pid" "$here/dovecot.conf"
	forget_home
	rm -rf "$here"
	rmdir "$state" 2>/dev/null || true
}

given TRIBUTARY_TEST_IMAP TRIBUTARY_TEST_IMAP_{TLS,CA,PASSWORD}
serve imap.sh 'IMAP server'
