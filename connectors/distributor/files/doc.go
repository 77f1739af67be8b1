// Package files is the connector for distributors that leave their ledgers as files: in a folder of this machine or at a
// place on another one (filesource/remote).
//
// A file is placed by its name: SM|PM|IM_<code>_<name>_<yyyymmdd>[_补传n] says ledger, party, period and version by itself;
// other names are placed by patterns of the settings. What cannot be placed is reported, never skipped in silence. The
// position holds which of the files still lying in the folder were taken; a file that changes is taken again, since a
// known content changes nothing. With an archive folder taken files are moved away after they are stored.
//
// The source is a Feed: the hub imports each pending file by the use case of `tributary import`, so that both ways give
// the same rows, ids and versions. Read delivers the bare cells to whoever wants no more than that.
//
//	feed := source.(files.Feed)
//	for _, in := range pending {
//		path, err := feed.Fetch(ctx, in)
//		… import path as in.Ledger of in.Party …
//		position, err = feed.Taken(ctx, position, in)
//	}
package files
