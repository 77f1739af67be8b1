package main

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVersion(t *testing.T) {
	here := newInstallation(t)
	require.Contains(t, here.ok("version").out, "tributary "+version)
	v := here.ok("version", "--json").object(t)
	require.Equal(t, version, v["version"])
	require.NotEmpty(t, v["platform"])
	require.NotEmpty(t, v["go"])
}

func TestMigrateTellsWhereTheSchemaStands(t *testing.T) {
	here := newInstallation(t)
	empty := here.ok("migrate", "status", "--json").object(t)
	require.EqualValues(t, 0, empty["current"], "to ask changes nothing")
	here.ok("migrate", "up")
	latest := here.ok("migrate", "status", "--json").object(t)
	require.Equal(t, latest["latest"], latest["current"])

	a := here.runIn(t.Context(), "n\n", "migrate", "down")
	require.Equal(t, 2, a.code)
	require.Contains(t, a.err, "Nothing was done: it was not confirmed.")
	require.Contains(t, here.run("migrate", "down", "--lang", "zh").err, "未执行任何操作")
	require.Equal(t, latest, here.ok("migrate", "status", "--json").object(t))

	here.ok("migrate", "down", "--yes")
	older := here.ok("migrate", "status", "--json").object(t)
	require.Less(t, older["current"], latest["latest"])
	here.ok("migrate", "up")
	require.Equal(t, latest, here.ok("migrate", "status", "--json").object(t))
	require.Contains(t, here.ok("migrate", "status", "--lang", "zh").out, "数据库结构版本")
}

func TestDatabaseOfANewerProgramIsRefused(t *testing.T) {
	here := newInstallation(t)
	here.ok("migrate", "up")
	db, err := sql.Open("sqlite", filepath.Join(here.dir, "data", "hub.db"))
	require.NoError(t, err)
	_, err = db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)`)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	for lang, want := range map[string]string{"en": "The database has schema 9999", "zh": "数据库结构版本为 9999"} {
		for _, argv := range [][]string{{"runs", "list"}, {"migrate", "up"}} {
			a := here.run(append(argv, "--lang", lang)...)
			require.Equal(t, 3, a.code, "%v", argv)
			require.Contains(t, a.err, want, "%v", argv)
		}
	}
	require.EqualValues(t, 9999, here.ok("migrate", "status", "--json").object(t)["current"])
}

func TestDatabaseThatCannotBeUsedIsTheEnvironment(t *testing.T) {
	here := newInstallation(t)
	file := here.write("file", "")
	a := here.run("runs", "list", "--data", file)
	require.Equal(t, 3, a.code)
	require.Contains(t, a.err, file)
	here.configure("store: {url: \"postgres://hub:planted-secret@" + closedAddress(t) + "/hub\"}")
	a = here.run("runs", "list")
	require.Equal(t, 3, a.code, a.err)
	require.NotContains(t, a.err, "planted-secret")
	here.configure("store: {url: \"mysql://hub:planted-secret@h/hub\"}")
	a = here.run("runs", "list")
	require.Equal(t, 2, a.code, a.err)
	require.Contains(t, a.err, "store.url")
	require.NotContains(t, a.err, "planted-secret")
}

func TestDoctorNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	here := newInstallation(t)
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer refusing.Close()
	a := here.ok("doctor")
	require.Regexp(t, `✓ store +\S`, a.out)
	require.Contains(t, a.out, "✓ kafka")

	here.configure(`
kafka: {brokers: ["` + closedAddress(t) + `"]}
connections: [{name: a, connector: pharmacy, settings: {base_url: "` + refusing.URL + `/v1", token: planted-secret}}]`)
	for lang, want := range map[string]string{"en": "refuses the credentials", "zh": "拒绝登录"} {
		a = here.run("doctor", "--lang", lang)
		require.Equal(t, 3, a.code)
		for _, part := range []string{"✓ store", "✗ kafka", "✗ connection a", want, "  → "} {
			require.Contains(t, a.out, part)
		}
		require.NotContains(t, a.out+a.err, "planted-secret")
		require.Empty(t, a.err, "said once")
	}
	v := here.run("doctor", "--json").object(t)
	require.Equal(t, false, v["ok"])
	for _, p := range v["parts"].([]any) {
		part := p.(map[string]any)
		if part["part"] == "kafka" {
			require.NotEmpty(t, part["text"])
			require.NotEmpty(t, part["code"])
		}
	}

	broken := newInstallation(t)
	require.NoError(t, os.MkdirAll(filepath.Join(broken.dir, "data", "hub.db"), 0o750))
	a = broken.run("doctor")
	require.Equal(t, 3, a.code)
	require.Contains(t, a.out, "✗ store", "a store that does not open is a diagnosis, and the rest is looked at")
	require.Contains(t, a.out, "✓ kafka")
}

func TestReplayIsConfirmed(t *testing.T) {
	here := newInstallation(t)
	require.Equal(t, 2, here.runIn(t.Context(), "\n", "outbox", "replay").code)
	require.Zero(t, here.runIn(t.Context(), "y\n", "outbox", "replay").code)
	require.Zero(t, here.runIn(t.Context(), "是\n", "outbox", "replay", "--lang", "zh").code)
	a := here.run("outbox", "replay", "customer.goldn", "--yes")
	require.Equal(t, 2, a.code)
	require.Contains(t, a.err, "customer.goldn")
}
