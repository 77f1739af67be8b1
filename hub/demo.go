package hub

import (
	"context"

	"tributary/internal/errs"
	"tributary/store"
)

const settingDemo = "demo"

// ClaimForDemo marks an empty database as one that holds a simulated world. A database that holds anything else is
// refused: invented customers must never mix with real ones.
func (h *Hub) ClaimForDemo(ctx context.Context) error {
	mark, err := h.DB.Setting(ctx, settingDemo)
	if err != nil || mark != "" {
		return err
	}
	if _, used, err := h.DB.Company(ctx); err != nil {
		return err
	} else if used {
		return errs.New(errs.Invalid, "hub.not_a_demo", errs.Args{"dir": h.Config.DataDir})
	}
	return h.DB.InTx(ctx, func(tx *store.Tx) error { return tx.SetSetting(ctx, settingDemo, "yes") })
}
