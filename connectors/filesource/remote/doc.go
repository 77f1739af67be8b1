// Package remote reaches the places on other machines where partners leave files: SFTP, FTP with and without TLS, web
// servers, S3-compatible stores, and the attachments of a mailbox. Each is a filesource.Transport behind one address.
//
//	sftp://hub@sftp.partner.example/inbox      SSH; the server's key must be known (host_key or known_hosts)
//	ftp://  ftpes://  ftps://                  plain; TLS asked for on the usual port; TLS from the first byte
//	https://host/path/report.csv               one file; with a slash at the end: the links of that page
//	s3://host:9000/bucket/prefix               a store that speaks S3 (s3+http:// without TLS)
//	imaps://hub@mail.example/INBOX             attachments of a mailbox (imap:// asks for TLS on the usual port)
//
// Guarantees: nothing is sent before the other machine has proved who it is, where the protocol can (all but ftp, http and
// s3+http); wrong credentials are tried once; every read and write has a time limit and ends with its context; a name that
// leads out of the folder is never used; a redirect to another machine is refused, and data connections of FTP go to the
// machine of the control connection whatever it says, so that a server cannot send the hub elsewhere in its own network.
//
//	transport, err := remote.New(remote.Config{URL: "sftp://hub@host/inbox", Password: secret, HostKeys: keys})
//	drop := filesource.NewDrop(filesource.DropConfig{Transport: transport, Settle: 30 * time.Second, Now: time.Now})
//	files, err := drop.List(ctx)
package remote
