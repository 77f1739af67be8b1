package hub

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"tributary/canonical"
	"tributary/connectors/distributor/files"
	"tributary/connectors/filesource"
	"tributary/mapping"
	"tributary/pipeline"
	"tributary/store"
)

// feedLease is longer than the import of one file takes between two commits of the folder's position.
const feedLease = 10 * time.Minute

// pullFeed imports the new files of a folder, one after the other, as `import` would. The folder's position moves in the
// transaction that completes a file; a file that cannot be taken in stays where it is and does not stop the others.
func (h *Hub) pullFeed(ctx context.Context, t pullTarget, feed files.Feed, answered func(context.Context) error, req *PullRequest, report *IngestReport) (err error) {
	source, stream := t.connection.Name, t.stream.Name
	lease, err := h.DB.AcquireWait(ctx, "stream/"+source+"/"+stream, feedLease, time.Second)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.DB.Release(ctx, lease)) }()
	if err := h.DB.InTx(ctx, func(tx *store.Tx) error { return tx.EnsureStream(ctx, source, stream, source) }); err != nil {
		return err
	}
	state, err := h.DB.Stream(ctx, source, stream)
	if err != nil {
		return err
	}
	pending, err := feed.Pending(ctx, state.Position)
	if err == nil {
		err = answered(ctx)
	}
	if err != nil {
		return err
	}
	f := feedPull{hub: h, target: t, feed: feed, req: req, report: report, lease: lease, position: state.Position}
	var failures []error
	for _, in := range pending {
		if err := f.take(ctx, in); err != nil {
			failures = append(failures, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failures...)
}

type feedPull struct {
	hub      *Hub
	target   pullTarget
	feed     files.Feed
	req      *PullRequest
	report   *IngestReport
	lease    *store.Lease
	position json.RawMessage
}

func (f *feedPull) take(ctx context.Context, in files.Incoming) error {
	h := f.hub
	refused := func(err error) error {
		f.report.refuse(store.Run{Connection: f.target.connection.Name, Source: f.target.connection.Name, Stream: f.target.stream.Name, File: in.Name}, err, h.Now(), f.req.Lang)
		return err
	}
	if in.Problem != nil {
		return refused(in.Problem)
	}
	path, err := f.feed.Fetch(ctx, in)
	if err != nil {
		return refused(err)
	}
	tables, err := filesource.Files(ctx, path)
	if err != nil {
		return refused(err)
	}
	party, err := h.DB.FindParty(ctx, or(in.Party, or(f.target.connection.Party, "self")))
	if err != nil {
		return refused(err)
	}
	next, err := f.feed.Taken(ctx, f.position, in)
	if err != nil {
		return refused(err)
	}
	for n, table := range tables {
		plan := pipeline.FileImport{File: table, Options: in.Options, Kind: mapping.Kind(in.Ledger), Connection: f.target.connection.Name,
			Source: f.target.connection.Name, Party: party, Trust: h.rank(f.target.connection.Name), Version: in.Version, State: in.ModTime, Actor: h.Actor.Name, DryRun: f.req.DryRun}
		if in.Replaces {
			plan.Replace = in.Period
		}
		if n == len(tables)-1 {
			plan.Taken = func(ctx context.Context, tx *store.Tx, run canonical.ID) error {
				if err := tx.Hold(ctx, f.lease); err != nil {
					return err
				}
				return tx.SetPosition(ctx, f.target.connection.Name, f.target.stream.Name, next, run)
			}
		}
		run, err := h.ingest().File(ctx, plan)
		f.report.add(run, f.req.Lang)
		if err != nil {
			return err
		}
	}
	if f.req.DryRun {
		return nil
	}
	f.position = next
	return f.feed.Done(ctx, in)
}
