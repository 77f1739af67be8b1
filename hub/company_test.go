package hub_test

import (
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/hub"
	"tributary/internal/config"
	"tributary/store"
)

func TestACommandWithoutConfigurationKeepsTheCompany(t *testing.T) {
	ctx := t.Context()
	db, err := store.Open(ctx, store.Config{URL: "sqlite:hub.db", DataDir: t.TempDir(), Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.Ready(ctx))
	with := func(c config.Config) *hub.Hub {
		return &hub.Hub{DB: db, Config: &c, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	}
	fresh := with(config.Defaults())
	require.NoError(t, fresh.AdoptCompany(ctx))
	require.Equal(t, "本公司", fresh.Config.Company.Name, "nothing is stored yet")

	named := config.Defaults()
	named.Company = config.Company{Name: "百川制药有限公司", Code: "BC", Source: "sap"}
	h := with(named)
	require.NoError(t, h.AdoptCompany(ctx))
	require.NoError(t, h.EnsureCompany(ctx))

	later := with(config.Defaults())
	require.NoError(t, later.AdoptCompany(ctx))
	require.NoError(t, later.EnsureCompany(ctx))
	require.Equal(t, config.Company{Name: "百川制药有限公司", Code: "BC", Source: "sap", Aliases: []string{"百川制药"}}, later.Config.Company)

	renamed := named
	renamed.Company.Name = "百川药业有限公司"
	h = with(renamed)
	require.NoError(t, h.AdoptCompany(ctx))
	require.NoError(t, h.EnsureCompany(ctx))
	c, found, err := db.Company(ctx)
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "百川药业有限公司", c.Name, "a configuration that names the company decides")
}
