package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// MatchModel is a model of the customer master that is, or was, in use. Its body never changes: the version is its hash.
type MatchModel struct {
	Version   string
	Body      string // the model file
	AppliedAt time.Time
	AppliedBy string
	Reason    string
}

// settingActive names the version in use; "" is the one that is part of the program.
const settingActive = "dedupe.model.active"

// ActiveModel is the version of the model in use; "" when none was ever applied.
func (q querier) ActiveModel(ctx context.Context) (string, error) {
	return q.Setting(ctx, settingActive)
}

// UseModel makes a stored version the one in use. The resolver's lease must be held.
func (tx *Tx) UseModel(ctx context.Context, version string) error {
	return tx.SetSetting(ctx, settingActive, version)
}

// PutMatchModel keeps a model; one that is kept already only gets when, by whom and why it was applied.
func (tx *Tx) PutMatchModel(ctx context.Context, m MatchModel) error {
	return tx.insertMany(ctx, "match_model", []string{"version", "body", "applied_at", "applied_by", "reason"},
		[][]any{{m.Version, m.Body, Micros(m.AppliedAt), m.AppliedBy, m.Reason}},
		`ON CONFLICT (version) DO UPDATE SET applied_at = excluded.applied_at, applied_by = excluded.applied_by, reason = excluded.reason
		WHERE excluded.applied_at > match_model.applied_at`)
}

// MatchModels reads the models ever in use, the one applied last first.
func (q querier) MatchModels(ctx context.Context) ([]MatchModel, error) {
	return q.matchModels(ctx, `TRUE ORDER BY applied_at DESC, version`)
}

// MatchModel reads one model; false when its version is not kept.
func (q querier) MatchModel(ctx context.Context, version string) (MatchModel, bool, error) {
	list, err := q.matchModels(ctx, `version = ?`, version)
	if err != nil || len(list) == 0 {
		return MatchModel{}, false, err
	}
	return list[0], true, nil
}

func (q querier) matchModels(ctx context.Context, where string, args ...any) ([]MatchModel, error) {
	var out []MatchModel
	err := q.each(ctx, `SELECT version, body, applied_at, applied_by, reason FROM match_model WHERE `+where, args, func(rows *sqlx.Rows) error {
		var m MatchModel
		var at int64
		err := rows.Scan(&m.Version, &m.Body, &at, &m.AppliedBy, &m.Reason)
		m.AppliedAt = FromMicros(at)
		out = append(out, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read matching models: %w", err)
	}
	return out, nil
}
