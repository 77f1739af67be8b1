"""FTP for tests: one folder behind plain FTP, FTP that demands AUTH TLS, and FTP over TLS from the first byte.

    python ftpd.py ROOT PLAIN_PORT EXPLICIT_PORT IMPLICIT_PORT CERTIFICATE_AND_KEY.pem
"""
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer

root, plain, explicit, implicit, pem = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]

users = DummyAuthorizer()
users.add_user("hub", "hub-secret", root, perm="elradfmwMT")
users.add_user("reader", "hub-secret", root, perm="elr")


class Plain(FTPHandler):
    authorizer = users
    auth_failed_timeout = 0


class Explicit(TLS_FTPHandler):
    authorizer = users
    certfile = pem
    tls_control_required = True
    auth_failed_timeout = 0
    tls_data_required = True


class Implicit(Explicit):
    def handle(self):
        self.secure_connection(self.get_ssl_context())

    def handle_ssl_established(self):
        TLS_FTPHandler.handle(self)


servers = [FTPServer(("127.0.0.1", port), handler) for port, handler in ((plain, Plain), (explicit, Explicit), (implicit, Implicit))]
servers[0].serve_forever()
