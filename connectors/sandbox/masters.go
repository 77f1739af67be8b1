package sandbox

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"tributary/canonical"
	"tributary/connectors/sandbox/world"
)

// writeMasters writes the spreadsheets that stand for systems without an interface: patients as a hospital exports them,
// doctors as they signed in at meetings, a list of terminals; and the words one distributor has for a product.
func writeMasters(ctx context.Context, w *world.World, dir string) error {
	for _, sys := range []world.System{world.EMR, world.Events, world.Terminals} {
		if err := ctx.Err(); err != nil {
			return err
		}
		path := filepath.Join(dir, string(sys)+".csv")
		s := masterSheet(w, sys)
		if err := create(path, func(f io.Writer) error { return withMark(f, s) }); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	aliases := sheet{header: split("type party raw_name raw_spec raw_code target_code")}
	for _, a := range w.ProductAliases() {
		aliases.rows = append(aliases.rows, []any{a.Type, a.Party, a.RawName, a.RawSpec, a.RawCode, a.TargetCode})
	}
	return create(filepath.Join(dir, "aliases.csv"), func(f io.Writer) error { return withMark(f, aliases) })
}

// withMark writes UTF-8 with a byte order mark, as spreadsheets do.
func withMark(f io.Writer, s sheet) error {
	if _, err := io.WriteString(f, "\ufeff"); err != nil {
		return err
	}
	return csvTable(f, s)
}

func masterSheet(w *world.World, sys world.System) sheet {
	organisations := sys == world.Terminals
	s := sheet{header: split("id name kind gender birth_date national_id organisation department title admin_title phone address")}
	if organisations {
		s.header = split("客户编码 客户名称 类型 统一信用代码 许可证号 等级 省份 城市 区县 地址 电话")
	}
	for r := range w.Records(sys) {
		c, phone := r.Customer, strings.Join(r.Customer.Phones, " ")
		if organisations {
			s.rows = append(s.rows, []any{r.ID, c.Name, kindWords[c.Kind], c.USCC, c.LicenceNo, c.Level, c.Address.Province, c.Address.City, c.Address.County, c.Address.Text, phone})
			continue
		}
		place := fullAddress(c.Address)
		if c.Kind == canonical.HCP {
			place = ""
		}
		s.rows = append(s.rows, []any{r.ID, c.Name, string(c.Kind), c.Gender, c.BirthDate.String(), c.NationalID, c.Organisation, c.Department, c.Title, c.AdminTitle, phone, place})
	}
	return s
}
