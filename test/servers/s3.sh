#!/usr/bin/env bash
# An S3 service for tests: moto on loopback, which checks signatures and rights.
#   s3.sh start   install what is missing, start (a running one is kept), print the variables
#   s3.sh env     print the variables of the running server, for eval
#   s3.sh stop    stop it; its objects live in memory
# With TRIBUTARY_TEST_S3 already set nothing is started or stopped.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

verb=${1:-}
here=$state/s3

# users: the first three calls to the server need no login; they make the administrator, who makes the reader.
users() { # ENDPOINT
	"$python" - "$1" <<-'PY'
		import json, sys
		import boto3
		def iam(key=None, secret=None):
		    return boto3.client("iam", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id=key or "none", aws_secret_access_key=secret or "none")
		def user(client, name, actions):
		    client.create_user(UserName=name)
		    statement = [{"Effect": "Allow", "Action": actions, "Resource": "*"}]
		    client.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}))
		    k = client.create_access_key(UserName=name)["AccessKey"]
		    return k["AccessKeyId"], k["SecretAccessKey"]
		admin = user(iam(), "hub", "*")
		reader = user(iam(*admin), "reader", ["s3:Get*", "s3:List*"])
		for name, value in (("KEY", admin[0]), ("SECRET", admin[1]), ("READER_KEY", reader[0]), ("READER_SECRET", reader[1])):
		    print(f"export TRIBUTARY_TEST_S3_{name}='{value}'")
	PY
}

start() {
	prepare_var
	python_env
	if [ -s "$here/env" ] && alive "$here/pid" moto.server; then return; fi
	rm -rf "$here"
	mkdir -p "$here"
	local port try
	for try in 1 2 3; do
		port=$(free_port)
		INITIAL_NO_AUTH_ACTION_COUNT=3 setsid "$python" -m moto.server -H 127.0.0.1 -p "$port" >"$here/moto.log" 2>&1 </dev/null &
		echo $! >"$here/pid"
		if wait_port "$port" $! 30; then
			users "http://127.0.0.1:$port" >"$here/users" 2>"$here/users.log" || fail "moto runs but refused to make users; see $here/users.log."
			{ echo "export TRIBUTARY_TEST_S3='127.0.0.1:$port'" && cat "$here/users"; } >"$here/env"
			return
		fi
		stop_pid "$here/pid" moto.server
		say "moto did not start on port $port (attempt $try)"
	done
	fail "the S3 server could not be started; see $here/moto.log."
}

stop() {
	[ -d "$here" ] || return 0
	stop_pid "$here/pid" moto.server
	rm -rf "$here"
	rmdir "$state" 2>/dev/null || true
}

given TRIBUTARY_TEST_S3 TRIBUTARY_TEST_S3_{KEY,SECRET,READER_KEY,READER_SECRET}
serve s3.sh 'S3 server'
