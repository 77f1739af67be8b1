package outbox

import (
	"context"
	"fmt"

	"tributary/events"
)

// Kept is what the database knows of what was published; *store.DB is one.
type Kept interface {
	// TopicLog is how many records of a topic the broker acknowledged since the topic was made.
	TopicLog(ctx context.Context) (map[string]int64, error)
	// SetTopicLog corrects it.
	SetTopicLog(ctx context.Context, topic string, published int64) error
	// OutboxEvents counts the events kept for replay by topic.
	OutboxEvents(ctx context.Context) (map[string]int64, error)
	// ReplayTopics makes the published events of topics wait again.
	ReplayTopics(ctx context.Context, topics []string) (int64, error)
}

// Reason says why a log is made anew.
type Reason string

// The reasons.
const (
	LogShort   Reason = "short"   // missing, or it holds less than the broker acknowledged
	LogForeign Reason = "foreign" // it holds far more than was published: it belongs to another database
	LogGrown   Reason = "grown"   // most of it is overtaken, for an embedded broker drops nothing by itself
)

// Rebuilt tells of one topic whose log is made anew.
type Rebuilt struct {
	Topic   string
	Reason  Reason
	Records int64 // that the log held
	Known   int64 // that the database knows of
}

// A log may hold more than is known: what was sent before a kill, and what was sent twice. It is foreign beyond double
// and this, and grown beyond four times what is kept and this.
const (
	slackForeign = 10_000
	slackGrown   = 100_000
)

// Rebuild compares the logs of an embedded broker with what the database says was published, and makes those anew that
// are missing, short, foreign or grown: the topic is removed, and its events wait for the relay again under the ids they
// had. Call it before topics are made and before a relay runs. It may be killed and run again.
//
// have counts the records of each topic that the broker has; remove deletes a topic.
func Rebuild(ctx context.Context, have map[string]int64, remove func(topic string) error, db Kept) ([]Rebuilt, error) {
	published, err := db.TopicLog(ctx)
	if err != nil {
		return nil, fmt.Errorf("compare the broker with the outbox: %w", err)
	}
	kept, err := db.OutboxEvents(ctx)
	if err != nil {
		return nil, fmt.Errorf("compare the broker with the outbox: %w", err)
	}
	var out []Rebuilt
	var topics []string
	for _, t := range events.Catalogue() {
		records, present := have[t.Name]
		known := published[t.Name]
		reason := judge(records, known, kept[t.Name])
		if reason == "" {
			if records != known { // from now on a loss of those shows too
				if err := db.SetTopicLog(ctx, t.Name, records); err != nil {
					return nil, err
				}
			}
			continue
		}
		if present {
			if err := remove(t.Name); err != nil {
				return nil, fmt.Errorf("make %s anew: %w", t.Name, err)
			}
		}
		topics = append(topics, t.Name)
		out = append(out, Rebuilt{Topic: t.Name, Reason: reason, Records: records, Known: known})
	}
	if len(topics) == 0 {
		return nil, nil
	}
	if _, err := db.ReplayTopics(ctx, topics); err != nil {
		return nil, err
	}
	// Last: a kill before leaves the log shorter than known, and all of this is done again.
	for _, name := range topics {
		if err := db.SetTopicLog(ctx, name, 0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func judge(records, known, kept int64) Reason {
	switch {
	case records < known:
		return LogShort
	case known == 0 && records > 0, records > 2*known+slackForeign:
		return LogForeign
	case records > 4*kept+slackGrown:
		return LogGrown
	}
	return ""
}
