// Package simsender simulates a system that posts its records to a webhook: signed with HMAC-SHA256 over time and body,
// with an id for each delivery, again after answers that say so. It shares no code with the connector.
package simsender

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Delivery is what is posted at once.
type Delivery struct {
	ID   string // told in X-Delivery-Id; the same content has the same
	Rows []map[string]any
}

// Sender posts deliveries. It is safe for concurrent use.
type Sender struct {
	URL    string
	Secret string
	Now    func() time.Time
	Pause  time.Duration // between attempts, where the hub does not say; 0 = a second
}

// Send posts one delivery until it is taken or refused for good, or ctx ends.
func (s Sender) Send(ctx context.Context, d Delivery) error {
	body, err := json.Marshal(d.Rows)
	if err != nil {
		return err
	}
	for {
		pause, err := s.post(ctx, d.ID, body)
		if err == nil || pause == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

// post is one attempt. After a failure it returns how long to wait before the next one; 0: there is no use in it.
func (s Sender) post(ctx context.Context, id string, body []byte) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	stamp := strconv.FormatInt(s.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(s.Secret))
	fmt.Fprintf(mac, "%s.%s", stamp, body)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Timestamp", stamp)
	req.Header.Set("X-Signature", hex.EncodeToString(mac.Sum(nil)))
	req.Header.Set("X-Delivery-Id", id)
	req.Close = true
	pause := cmp.Or(s.Pause, time.Second)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return pause, err
	}
	defer func() { _ = res.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(res.Body, 1000)) // for people only
	switch {
	case res.StatusCode == http.StatusOK, res.StatusCode == http.StatusAccepted:
		return 0, nil
	case res.StatusCode == http.StatusTooManyRequests, res.StatusCode >= 500:
		if seconds, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && seconds > 0 {
			pause = time.Duration(seconds) * time.Second
		}
	default:
		pause = 0
	}
	return pause, fmt.Errorf("%s answers %s: %s", s.URL, res.Status, said)
}
