package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/normalize"
)

// Settings that say who the company is; EnsureCompany keeps them.
const (
	settingCompanyCode    = "company.code"
	settingCompanyName    = "company.name"
	settingCompanyAliases = "company.aliases"
	settingCompanySource  = "company.source"
)

// Party is a reporting party: the key under which its ledgers are kept, and its name as far as it is known.
type Party struct {
	Key   string
	Name  string
	Known bool   // the name comes from the customer master or the configuration
	Codes string // the source whose id Key is; "" = the company's own
}

// Origin says where a record comes from.
type Origin struct {
	Run       canonical.ID
	ReadOrder string
	Note      CorrectionNote // of ledger rows
}

// Company is the marketing authorisation holder.
type Company struct {
	Name, Code, Source string
	Aliases            []string // other names by which partners call it
}

// EnsureCompany makes the company's own record (kind manufacturer) from the configuration, or brings it up to date. It
// writes nothing when nothing changed.
func (db *DB) EnsureCompany(ctx context.Context, c Company) error {
	same := true
	settings := []struct{ name, value string }{{settingCompanyCode, c.Code}, {settingCompanyName, c.Name}, {settingCompanySource, c.Source},
		{settingCompanyAliases, strings.Join(c.Aliases, "\n")}}
	for _, s := range settings {
		have, err := db.Setting(ctx, s.name)
		if err != nil {
			return fmt.Errorf("read the company's settings: %w", err)
		}
		same = same && have == s.value
	}
	if same {
		return nil
	}
	payload, err := json.Marshal(canonical.Customer{Kind: canonical.Manufacturer, Name: c.Name, Aliases: c.Aliases, Code: c.Code})
	if err != nil {
		return err
	}
	return db.InTx(ctx, func(tx *Tx) error {
		before, err := tx.Setting(ctx, settingCompanyCode)
		if err != nil {
			return err
		}
		for _, s := range settings {
			if err := tx.SetSetting(ctx, s.name, s.value); err != nil {
				return err
			}
		}
		order := fmt.Sprintf("%016x", Micros(tx.Now))
		run := canonical.DeriveID("company")
		records := []Record{{Entity: canonical.EntityCustomer, Source: canonical.CompanySource, ID: c.Code, Stream: canonical.CompanySource, Kind: canonical.Manufacturer,
			Trust: 100, Payload: payload, ReadOrder: order, Run: run}}
		if before != "" && before != c.Code {
			records = append(records, Record{Entity: canonical.EntityCustomer, Source: canonical.CompanySource, ID: before, Stream: canonical.CompanySource,
				Kind: canonical.Manufacturer, Trust: 100, Deleted: true, ReadOrder: order, Run: run})
		}
		_, err = tx.PutRecords(ctx, records)
		return err
	})
}

// Company reads the company as EnsureCompany last stored it.
func (db *DB) Company(ctx context.Context) (c Company, found bool, err error) {
	var aliases string
	for _, s := range []struct {
		name string
		to   *string
	}{{settingCompanyCode, &c.Code}, {settingCompanyName, &c.Name}, {settingCompanySource, &c.Source}, {settingCompanyAliases, &aliases}} {
		if *s.to, err = db.Setting(ctx, s.name); err != nil {
			return Company{}, false, fmt.Errorf("read the company's settings: %w", err)
		}
	}
	if aliases != "" {
		c.Aliases = strings.Split(aliases, "\n")
	}
	return c, c.Code != "", nil
}

// FindParty tells which reporting party a text means: self or the company's code or name, a party that reported before,
// a customer of the company's own source by its code, or by its name when exactly one has it; else the text is the key.
func (q querier) FindParty(ctx context.Context, text string) (Party, error) {
	p, company, err := q.partyByID(ctx, text)
	if err != nil || p.Key != "" {
		return p, err
	}
	if text == company.Name {
		return Party{Key: company.Code, Name: company.Name, Known: true}, nil
	}
	if p, found, err := q.partyByName(ctx, text); err != nil || found {
		return p, err
	}
	if p, found, err := q.customerByName(ctx, company.Source, text); err != nil || found {
		return p, err
	}
	return Party{Key: text, Name: text}, nil
}

// PartyByID is FindParty for the id by which a source names a reporting party: a customer of that source, else whom the
// company's own code means. No name is looked for, so that a chain with thousands of stores costs little.
func (q querier) PartyByID(ctx context.Context, source, id string) (Party, error) {
	p, found, err := q.customerByCode(ctx, source, id)
	if err == nil && !found {
		p, _, err = q.partyByID(ctx, id)
	}
	if err != nil {
		return p, err
	}
	if p.Key == "" {
		p = Party{Key: id, Name: id}
	}
	if !p.Known || found {
		p.Codes = source
	}
	return p, nil
}

// partyByID finds the company, a customer by the company's own code, or a party that reported under the key; a party
// without a key is none of these.
func (q querier) partyByID(ctx context.Context, id string) (Party, Company, error) {
	var company Company
	for _, s := range []struct {
		name string
		into *string
	}{{settingCompanyCode, &company.Code}, {settingCompanyName, &company.Name}, {settingCompanySource, &company.Source}} {
		v, err := q.Setting(ctx, s.name)
		if err != nil {
			return Party{}, company, fmt.Errorf("read the company's settings: %w", err)
		}
		*s.into = v
	}
	if id == "self" || id == company.Code {
		return Party{Key: company.Code, Name: company.Name, Known: true}, company, nil
	}
	if p, found, err := q.customerByCode(ctx, company.Source, id); err != nil || found {
		return p, company, err
	}
	var reported bool
	if err := q.get(ctx, &reported, `SELECT EXISTS (SELECT 1 FROM stream WHERE source = ?)`, canonical.FlowSource(id)); err != nil {
		return Party{}, company, fmt.Errorf("look the party up by its key: %w", err)
	}
	if reported {
		return Party{Key: id, Name: id}, company, nil
	}
	return Party{}, company, nil
}

func (q querier) customerByCode(ctx context.Context, source, code string) (Party, bool, error) {
	var payload []byte
	err := q.get(ctx, &payload, `SELECT payload FROM source_record WHERE entity = 'customer' AND source = ? AND source_id = ? AND deleted = FALSE AND personal = FALSE`, source, code)
	if errors.Is(err, sql.ErrNoRows) {
		return Party{}, false, nil
	}
	if err != nil {
		return Party{}, false, fmt.Errorf("look the party up by its code: %w", err)
	}
	var c canonical.Customer
	if err := json.Unmarshal(payload, &c); err != nil {
		return Party{}, false, fmt.Errorf("record %s of %s: %w", code, source, err)
	}
	return Party{Key: code, Name: c.Name, Known: true}, true, nil
}

// partyByName finds the only party that reported before and bears the name.
func (q querier) partyByName(ctx context.Context, text string) (Party, bool, error) {
	name := normalize.Text(text)
	var named []Party
	err := q.each(ctx, `SELECT source, payload FROM source_record WHERE entity = 'customer' AND source LIKE 'flow:%' AND source_id = ? ORDER BY source`,
		[]any{canonical.ReporterID}, func(rows *sqlx.Rows) error {
			var source string
			var payload []byte
			if err := rows.Scan(&source, &payload); err != nil {
				return err
			}
			var c canonical.Customer
			if err := json.Unmarshal(payload, &c); err != nil {
				return fmt.Errorf("record %s of %s: %w", canonical.ReporterID, source, err)
			}
			if normalize.Text(c.Name) == name {
				named = append(named, Party{Key: source[len(canonical.FlowSource("")):], Name: c.Name})
			}
			return nil
		})
	if err != nil {
		return Party{}, false, fmt.Errorf("look the party up by its name: %w", err)
	}
	return theOnly(text, named)
}

// theOnly is the party that a name means. A name of several is refused: its ledger would end up under a key of its own.
func theOnly(text string, named []Party) (Party, bool, error) {
	switch len(named) {
	case 0:
		return Party{}, false, nil
	case 1:
		return named[0], true, nil
	}
	keys := make([]string, len(named))
	for i, p := range named {
		keys[i] = p.Key
	}
	slices.Sort(keys)
	return Party{}, false, errs.New(errs.Invalid, "ingest.party_twice", errs.Args{"party": text, "keys": strings.Join(keys, ", ")})
}

// flowSources lists the sources of the parties that ever reported.
func (q querier) flowSources(ctx context.Context) ([]string, error) {
	var out []string
	err := q.sel(ctx, &out, `SELECT DISTINCT source FROM stream WHERE source LIKE 'flow:%' ORDER BY source`)
	if err != nil {
		return nil, fmt.Errorf("list reporting parties: %w", err)
	}
	return out, nil
}

// customerByName reads the company's customers whose payload holds the name, and takes the only one that bears it.
func (q querier) customerByName(ctx context.Context, source, text string) (Party, bool, error) {
	needle, err := json.Marshal(text)
	if err != nil {
		return Party{}, false, err
	}
	var rows []struct {
		ID      string `db:"source_id"`
		Payload []byte `db:"payload"`
	}
	err = q.sel(ctx, &rows, `SELECT source_id, payload FROM source_record WHERE entity = 'customer' AND source = ? AND deleted = FALSE AND personal = FALSE
		AND `+q.d.holds("payload"), source, needle)
	if err != nil {
		return Party{}, false, fmt.Errorf("look the party up by its name: %w", err)
	}
	name := normalize.Text(text)
	var found []Party
	for _, r := range rows {
		var c canonical.Customer
		if err := json.Unmarshal(r.Payload, &c); err != nil {
			return Party{}, false, fmt.Errorf("record %s of %s: %w", r.ID, source, err)
		}
		if normalize.Text(c.Name) == name {
			found = append(found, Party{Key: r.ID, Name: c.Name, Known: true})
		}
	}
	return theOnly(text, found)
}

// EnsureParty makes the record of a reporting party and returns its number. A name from the master replaces one that was
// only a guess, never the reverse.
func (tx *Tx) EnsureParty(ctx context.Context, p Party, from Origin) (int64, error) {
	source := canonical.FlowSource(p.Key)
	var have struct {
		ID      int64  `db:"id"`
		Payload []byte `db:"payload"`
	}
	err := tx.get(ctx, &have, `SELECT id, payload FROM source_record WHERE entity = 'customer' AND source = ? AND source_id = ?`, source, canonical.ReporterID)
	if err == nil && !p.Known {
		return have.ID, nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read the record of party %s: %w", p.Key, err)
	}
	payload, err := json.Marshal(canonical.Customer{Kind: canonical.UnknownParty, Name: p.Name, Code: p.Key})
	if err != nil {
		return 0, err
	}
	codes := p.Codes
	if codes == "" {
		if codes, err = tx.Setting(ctx, settingCompanySource); err != nil {
			return 0, err
		}
	}
	out, err := tx.PutRecords(ctx, []Record{{Entity: canonical.EntityCustomer, Source: source, ID: canonical.ReporterID, Stream: codes,
		Kind: canonical.UnknownParty, Payload: payload, ReadOrder: from.ReadOrder, Run: from.Run}})
	if err != nil {
		return 0, fmt.Errorf("make the record of party %s: %w", p.Key, err)
	}
	if err := tx.EnsureStream(ctx, source, "flow", ""); err != nil {
		return 0, err
	}
	return out[0].Record, tx.ensureBook(ctx, out[0].Record)
}

func nameOf(payload []byte) (string, error) {
	var c struct {
		Name string `json:"name"`
	}
	err := json.Unmarshal(payload, &c)
	return c.Name, err
}
