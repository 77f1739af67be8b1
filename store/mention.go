package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
	"tributary/normalize"
)

// mention is a partner as rows of this run name it. Equal texts are one entry, whatever the record they belong to.
type mention struct {
	id      int64
	date    canonical.Date // newest date and version of a row that says so
	version string
	kept    canonical.Date // what the store knows of it
	keptVer string
}

// noMention is the partner of rows that name none; it is never written to.
var noMention mention

// productRef is a product mention that a sink met; its number is known once the batch it came in is looked up.
type productRef struct{ id int64 }

// awaited stands for the number of a mention that the batch at hand is about to learn.
const awaited = -1

// later notes that a row of a date and version names the partner with these texts.
func (m *mention) later(date canonical.Date, version string) {
	if date > m.date || date == m.date && version > m.version {
		m.date, m.version = date, version
	}
}

func (m *mention) pending() bool { return m.date != m.kept || m.version != m.keptVer }

// mentionID is the source id of a partner among the mentions of a party: the party's own code where there is one, else
// a hash of normalised name, USCC and place (rule 6.3).
func mentionID(m *canonical.PartyMention) string {
	if code := m.Code; normalize.Text(code) != "" && code != canonical.ReporterID {
		return code
	}
	h := sha256.New()
	for _, s := range [...]string{normalize.Text(m.Name), normalize.Text(m.USCC), normalize.Text(m.LicenceNo), normalize.Text(m.City), normalize.Text(m.County), normalize.Text(m.Address)} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return "#" + hex.EncodeToString(h.Sum(nil)[:16])
}

// cloneMention copies the texts, which may be parts of a whole row that would stay in memory with them.
func cloneMention(m *canonical.PartyMention) canonical.PartyMention {
	return canonical.PartyMention{Code: strings.Clone(m.Code), Name: strings.Clone(m.Name), USCC: strings.Clone(m.USCC), LicenceNo: strings.Clone(m.LicenceNo),
		Address: strings.Clone(m.Address), City: strings.Clone(m.City), County: strings.Clone(m.County)}
}

func cloneProduct(m *canonical.ProductMention) canonical.ProductMention {
	return canonical.ProductMention{Code: strings.Clone(m.Code), Name: strings.Clone(m.Name), Spec: strings.Clone(m.Spec),
		ApprovalNo: strings.Clone(m.ApprovalNo), Maker: strings.Clone(m.Maker), Unit: strings.Clone(m.Unit)}
}

func (f *FlowSink) mentionRecord(m *canonical.PartyMention, seen *mention, from Origin) (Record, error) {
	payload, err := json.Marshal(canonical.Customer{
		Kind: canonical.UnknownParty, Name: m.Name, Code: m.Code, USCC: m.USCC, LicenceNo: m.LicenceNo,
		Address: canonical.Address{City: m.City, County: m.County, Text: m.Address},
	})
	if err != nil {
		return Record{}, err
	}
	sum := sha256.Sum256(payload)
	return Record{
		Entity: canonical.EntityCustomer, Source: f.source, ID: mentionID(m), Stream: f.codes, Kind: canonical.UnknownParty, Payload: payload,
		SourceTime: seen.date.Time(), SourceSeq: seen.version + "|" + hex.EncodeToString(sum[:8]), ReadOrder: from.ReadOrder, Run: from.Run,
	}, nil
}

// mentionsOf finds or makes the record of every partner in the rows.
func (f *FlowSink) mentionsOf(ctx context.Context, tx *Tx, rows []FlowRow, from Origin) error {
	var fresh []canonical.PartyMention
	for i := range rows {
		r := &rows[i]
		for _, x := range [...]struct {
			text *canonical.PartyMention
			ref  **mention
		}{{&r.Line.Partner, &r.partner}, {&r.Line.BillTo, &r.billTo}} {
			p := x.text
			if p.IsZero() {
				*x.ref = &noMention
				continue
			}
			m := f.mentions[*p]
			if m == nil {
				m = &mention{}
				text := cloneMention(p)
				f.mentions[text] = m
			}
			if m.id == 0 {
				m.id = awaited
				fresh = append(fresh, cloneMention(p))
			}
			m.later(r.Line.Date, r.Version)
			*x.ref = m
		}
	}
	return f.putMentions(ctx, tx, fresh, from)
}

func (f *FlowSink) putMentions(ctx context.Context, tx *Tx, list []canonical.PartyMention, from Origin) error {
	records := make([]Record, len(list))
	for i := range list {
		var err error
		if records[i], err = f.mentionRecord(&list[i], f.mentions[list[i]], from); err != nil {
			return err
		}
	}
	put, err := tx.PutRecords(ctx, records)
	if err != nil {
		return fmt.Errorf("store mentions: %w", err)
	}
	for i := range list {
		m := f.mentions[list[i]]
		m.id, m.kept, m.keptVer = put[i].Record, m.date, m.version
	}
	return nil
}

// FlushMentions writes, for at most limit mentions, up to when rows of this run confirm their texts; it reports how many
// are left. The order of versions needs it only when texts of one mention differ, so it waits for the end of a run.
func (f *FlowSink) FlushMentions(ctx context.Context, tx *Tx, from Origin, limit int) (left int, err error) {
	var list []canonical.PartyMention
	for text, m := range f.mentions {
		switch {
		case !m.pending():
		case len(list) == limit:
			left++
		default:
			list = append(list, text)
		}
	}
	slices.SortFunc(list, func(a, b canonical.PartyMention) int { return cmp.Compare(f.mentions[a].id, f.mentions[b].id) })
	other, err := f.confirm(ctx, tx, list, from)
	if err != nil {
		return left, err
	}
	return left, f.putMentions(ctx, tx, other, from) // texts that are not the current ones may become so now
}

// confirm moves the order of mentions forward whose current texts were met again; it returns those it could not. Nobody waits
// for the resolver by it: the order decides between texts of one mention only.
func (f *FlowSink) confirm(ctx context.Context, tx *Tx, list []canonical.PartyMention, from Origin) (other []canonical.PartyMention, err error) {
	var rows [][]any
	byID := map[int64]bool{}
	for i := range list {
		m := f.mentions[list[i]]
		if m.id <= 0 || byID[m.id] {
			continue // a failed transaction made the number doubtful, or the mention was met with several texts
		}
		byID[m.id] = true
		r, err := f.mentionRecord(&list[i], m, from)
		if err != nil {
			return nil, err
		}
		rows = append(rows, []any{m.id, Micros(r.SourceTime), r.SourceSeq, tx.hashRecord(&r)})
	}
	bytewise := ""
	if tx.db.Dialect() == "postgres" {
		bytewise = ` COLLATE "C"` // SQLite compares texts so anyway
	}
	moved := map[int64]bool{}
	err = tx.updateManyIf(ctx, "source_record", column{"id", "bigint"}, []column{{"source_time", "bigint"}, {"source_seq", "text"}}, []column{{"hash", "bytea"}},
		`source_record.hash = v.column4 AND (source_record.source_time < v.column2 OR source_record.source_time = v.column2 AND source_record.source_seq < v.column3`+bytewise+`)`,
		rows, func(id int64) { moved[id] = true })
	if err != nil {
		return nil, fmt.Errorf("confirm mentions: %w", err)
	}
	several := map[int64]int{}
	for i := range list {
		several[f.mentions[list[i]].id]++
	}
	for i := range list {
		if m := f.mentions[list[i]]; moved[m.id] && several[m.id] == 1 {
			m.kept, m.keptVer = m.date, m.version
		} else {
			other = append(other, list[i])
		}
	}
	return other, nil
}

var productMentionColumns = []string{"key", "party", "code", "name", "spec", "approval_no", "maker", "unit", "product_id", "num", "den", "rule", "dirty"}

// productsOf finds or makes the mention of every product in the rows.
func (f *FlowSink) productsOf(ctx context.Context, tx *Tx, rows []FlowRow) error {
	byKey := map[[16]byte]*productRef{}
	var insert [][]any
	var keys [][]byte
	for i := range rows {
		p := rows[i].Line.Product
		ref := f.products[p]
		if ref == nil {
			ref = &productRef{}
			f.products[cloneProduct(&p)] = ref
		}
		rows[i].product = ref
		if ref.id != 0 {
			continue
		}
		key := productKey(f.party, &p)
		if _, twice := byKey[key]; twice {
			continue
		}
		byKey[key] = ref
		keys = append(keys, key[:])
		insert = append(insert, []any{key[:], f.party, p.Code, p.Name, p.Spec, p.ApprovalNo, p.Maker, p.Unit, 0, 1, 1, "", true})
	}
	if len(keys) == 0 {
		return nil
	}
	slices.SortFunc(insert, func(a, b []any) int { return slices.Compare(a[0].([]byte), b[0].([]byte)) })
	if err := tx.insertMany(ctx, "product_mention", productMentionColumns, insert, "ON CONFLICT (key) DO NOTHING"); err != nil {
		return err
	}
	return inChunks(keys, func(part [][]byte) error {
		cond, args := anyOf(tx.querier, "key", part)
		return tx.each(ctx, `SELECT id, key FROM product_mention WHERE `+cond, args, func(r *sqlx.Rows) error {
			var id int64
			var key []byte
			if err := r.Scan(&id, &key); err != nil {
				return err
			}
			byKey[[16]byte(key)].id = id
			return nil
		})
	})
}

func productKey(party int64, p *canonical.ProductMention) [16]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%d", party)
	for _, s := range [...]string{p.Code, p.Name, p.Spec, p.ApprovalNo, p.Maker, p.Unit} {
		fmt.Fprintf(h, "|%d:%s", len(s), s)
	}
	return [16]byte(h.Sum(nil)[:16])
}
