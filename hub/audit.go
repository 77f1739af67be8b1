package hub

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"time"

	"tributary/internal/errs"
	"tributary/store"
)

// AuditProof is the JSON of `audit verify`.
type AuditProof struct {
	OK bool `json:"ok"`
	store.AuditProof
}

// VerifyAudit proves that the audit log is whole and unchanged (invariant 11), or says what does not fit.
func (h *Hub) VerifyAudit(ctx context.Context, lang string) (AuditProof, error) {
	proof, err := h.DB.VerifyAudit(ctx)
	for i := range proof.Findings {
		f := &proof.Findings[i]
		f.Message = errs.New(errs.Internal, f.Code, f.Args()).Text(lang)
	}
	return AuditProof{OK: err == nil && len(proof.Findings) == 0, AuditProof: proof}, err
}

// AuditLine is one line of an exported audit log.
type AuditLine struct {
	Kind    string          `json:"kind"` // line
	Writer  string          `json:"writer"`
	Counter int64           `json:"counter"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor"`
	Action  string          `json:"action"`
	Subject string          `json:"subject"`
	Reason  string          `json:"reason"`
	Body    json.RawMessage `json:"body"`
}

// AuditRootLine is a signed root in an exported audit log. Signature is Ed25519 over the bytes of Root, under Root's key.
type AuditRootLine struct {
	Kind      string `json:"kind"` // root
	Root      string `json:"root"`
	Signature string `json:"signature"`
}

// AuditRequest selects audit lines by time; the zero time is open.
type AuditRequest struct{ From, To time.Time }

// mayAudit are the roles that read the whole audit log.
func (r Role) mayAudit() bool { return r == Admin || r == Auditor || r == Quality }

// ExportAudit writes the audit log as JSON lines: what was done, by time, then the signed roots. It returns the number of
// lines. The export is itself recorded.
func (h *Hub) ExportAudit(ctx context.Context, req AuditRequest, w io.Writer) (n int, err error) {
	if !h.Actor.Role.mayAudit() {
		return 0, errs.New(errs.Denied, "audit.denied", errs.Args{"role": string(h.Actor.Role)})
	}
	err = h.DB.InTx(ctx, func(tx *store.Tx) error {
		return tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: "audit.export", Subject: "audit"})
	})
	if err != nil {
		return 0, err
	}
	if _, err := h.DB.SealAudit(ctx); err != nil {
		return 0, err
	}
	buf := bufio.NewWriter(w)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	put := func(line any) error {
		n++
		return enc.Encode(line)
	}
	err = h.DB.EachAudit(ctx, req.From, req.To, func(r *store.AuditRow) error {
		return put(AuditLine{Kind: "line", Writer: r.Writer, Counter: r.Counter, At: store.FromMicros(r.At), Actor: r.Actor, Action: r.Action, Subject: r.Subject, Reason: r.Reason, Body: json.RawMessage(r.Body)})
	})
	if err != nil {
		return n, err
	}
	err = h.DB.EachAuditRoot(ctx, func(body string, signature []byte) error {
		return put(AuditRootLine{Kind: "root", Root: body, Signature: base64.StdEncoding.EncodeToString(signature)})
	})
	if err != nil {
		return n, err
	}
	return n, buf.Flush()
}

// sealEvery is how often the service signs what the audit log gained.
const sealEvery = time.Minute

// sealLoop signs the audit log until ctx ends.
func (h *Hub) sealLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			h.SealAuditAtEnd(ctx)
			return
		case <-time.After(sealEvery):
		}
		if _, err := h.DB.SealAudit(ctx); err != nil && ctx.Err() == nil {
			h.Log.WarnContext(ctx, "signing the audit log failed; it is tried again", "error", err, "after", sealEvery)
		}
	}
}

// sealAtEnd bounds what a command spends on signing before it ends; the service goes on with the rest.
const sealAtEnd = 3 * time.Second

// SealAuditAtEnd signs what this process wrote to the audit log before it ends. What fails here is done by the next one.
func (h *Hub) SealAuditAtEnd(ctx context.Context) {
	if !h.DB.Audited() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sealAtEnd)
	defer cancel()
	if _, err := h.DB.SealAudit(ctx); err != nil {
		h.Log.WarnContext(ctx, "the audit log could not be signed now; the next command or the service does it", "error", err)
	}
}
