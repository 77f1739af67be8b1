package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"tributary/canonical"
	"tributary/connectors/sandbox/simkingdee"
	"tributary/connectors/sandbox/world"
)

// Bill is a sales order as the maker's ERP holds it.
type Bill struct{ Number, Key string }

// Bills are the sales orders that the maker's ERP holds.
func (sb *Sandbox) Bills() (out []Bill, err error) {
	bills, err := sb.keptBills()
	for _, o := range bills {
		out = append(out, Bill{Number: fmt.Sprint(o["FBillNo"]), Key: fmt.Sprint(o[simkingdee.OrderKeyField])})
	}
	return out, err
}

// Orders are what the CRM orders on the world's last day: one for each distributor that tells the maker of its sales. None
// when the maker's ERP does not run.
func (sb *Sandbox) Orders() (out []canonical.OrderRequest) {
	if !slices.ContainsFunc(sb.cast, func(s system) bool { return s.name == string(world.ERP) }) {
		return nil
	}
	day := sb.w.Config.Until
	for i, at := range sb.w.Sellers() {
		p := sb.w.Products[i]
		price, err := canonical.ParseQuantity(yuan(p.Price))
		if err != nil {
			return nil // prices of the world are numbers
		}
		out = append(out, canonical.OrderRequest{
			Key: fmt.Sprintf("CRM-%s-%d", day.Time().Format("20060102"), i+1), Connection: string(world.ERP), Requester: "crm", Customer: sb.erpCode(at), Date: day,
			Lines: []canonical.OrderLine{{Product: p.Code, Quantity: canonical.Units(int64(2 * p.Case)), Unit: p.Unit, Price: price}},
		})
	}
	return out
}

// billsFile is where the maker's ERP keeps its sales orders from one start to the next.
func (s *stage) billsFile() string { return filepath.Join(s.dir, "erp-orders.json") }

func (s *stage) keptBills() (out []map[string]any, err error) {
	text, err := os.ReadFile(s.billsFile())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	err = json.Unmarshal(text, &out)
	for _, bill := range out {
		if id, ok := bill["FID"].(float64); ok {
			bill["FID"] = int64(id)
		}
	}
	return out, err
}

func (s *stage) keepBills(bills []map[string]any) error {
	text, err := json.Marshal(bills)
	if err != nil {
		return err
	}
	return create(s.billsFile(), func(f io.Writer) error { _, err := f.Write(text); return err })
}
