package files

import (
	"errors"
	"strings"

	"tributary/connectors"
	"tributary/connectors/filesource"
	"tributary/connectors/filesource/remote"
	"tributary/internal/errs"
)

// checkPlace reports what is wrong with folder and url and with what belongs to them.
func (s Settings) checkPlace() connectors.Problems {
	switch {
	case s.URL == "" && s.Folder == "":
		return connectors.Problems{problem("folder", "files.setting_no_place", errs.Args{})}
	case s.URL != "" && s.Folder != "":
		return connectors.Problems{problem("url", "files.setting_two_places", errs.Args{})}
	case s.URL == "":
		return nil
	}
	u, err := remote.Parse(s.URL)
	var refused *errs.Error
	if errors.As(err, &refused) {
		return connectors.Problems{{Path: "url", Err: refused}}
	}
	var out connectors.Problems
	because := u.Scheme + "://"
	needs := func(name string, missing bool) {
		if missing {
			out = append(out, connectors.Need(name, because))
		}
	}
	switch u.Scheme {
	case "sftp":
		needs("user", s.User == "" && u.User.Username() == "")
		needs("password", s.Password.IsZero() && s.Key.IsZero())
		for _, k := range s.HostKey {
			if !remote.CheckHostKey(k) {
				out = append(out, problem("host_key", "files.setting_host_key", errs.Args{"key": k}))
			}
		}
	case "s3", "s3+http", "imap", "imaps":
		needs("user", s.User == "" && u.User.Username() == "")
		needs("password", s.Password.IsZero())
	case "ftp", "ftpes", "ftps":
		needs("password", s.Password.IsZero() && (s.User != "" || u.User.Username() != ""))
	}
	if s.Archive != "" && !remote.CanArchive(u) {
		out = append(out, problem("archive", "files.setting_archive", errs.Args{"scheme": because}))
	}
	return out
}

// open makes the file source of the settings; a remote one does no calls yet.
func (s Settings) open(env connectors.Env) (filesource.FileSource, error) {
	if s.URL == "" {
		return filesource.NewFolder(filesource.FolderConfig{Dir: s.Folder, Archive: s.Archive, Settle: s.Settle, Marker: s.Marker, Now: env.Now})
	}
	transport, err := remote.New(remote.Config{
		URL: s.URL, User: s.User, Password: s.Password, PrivateKey: s.Key, HostKeys: s.HostKey, KnownHosts: s.Known, CAFile: s.CAFile, Region: s.Region, Senders: s.Senders,
	})
	if err != nil {
		return nil, err
	}
	return filesource.NewDrop(filesource.DropConfig{
		Transport: transport, Archive: s.Archive, Settle: s.Settle, Marker: s.Marker, MaxBytes: int64(s.MaxFile) << 20, Now: env.Now,
	}), nil
}

// where is the place in messages: without the user.
func (s Settings) where() string {
	if s.URL == "" {
		return s.Folder
	}
	if u, err := remote.Parse(s.URL); err == nil {
		u.User = nil
		return u.String()
	}
	return strings.TrimSpace(s.URL)
}

// plain reports whether the password crosses the network readable.
func (s Settings) plain() bool {
	u, err := remote.Parse(s.URL)
	return err == nil && remote.Open(u)
}
