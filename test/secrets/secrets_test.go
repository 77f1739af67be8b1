package secrets

import (
	"archive/zip"
	"encoding/base64"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"tributary/connectors/builtin"
	"tributary/connectors/sandbox"
)

func TestSecretsAreFoundInEveryForm(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"", "u", "us", "usr", "user:"} {
		text := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(before+Mark+"-of-a-system"))
		require.Len(t, Find("log", []byte(text)), 1, text)
	}
	for _, text := range []string{"x planted-secret-sap-password y", "/x?token=planted-secret&y=1", `{"pw":"planted-secret"}`, "postgres://hub:hub-secret@h/d", "-----BEGIN PRIVATE KEY-----\\nAA", "\x00\xffplanted-secret\x00"} {
		require.Len(t, Find("log", []byte(text)), 1, text)
	}
	for _, text := range []string{"", "a planted tree is no secret", "the secret is planted", "password=***", "planted_secret"} {
		require.Empty(t, Find("log", []byte(text)), text)
	}
}

func TestALeakIsShownWithLineAndContext(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 500)
	leaks := Find("serve", []byte("first\nsecond "+Mark+"-1 and "+Mark+"-2\n\n"+long+Mark+long+"\n"))
	require.Len(t, leaks, 2, "one for each line")
	require.Equal(t, `serve:2: "second planted-secret-1 and planted-secret-2"`, leaks[0].String())
	require.Equal(t, 4, leaks[1].Line)
	require.Less(t, len(leaks[1].Context), 200)
}

func TestFoldersAreSearchedButForWhatTheTestWrote(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	write("tributary.yaml", "token: "+Mark)
	write("data/hub.db", "nothing")
	leaks, err := inFolder(dir, []string{"tributary.yaml"})
	require.NoError(t, err)
	require.Empty(t, leaks)

	write("data/tributary.yaml", "token: "+Mark) // of that name, and elsewhere
	write("data/kafka/0.log", "\x00\x01"+Mark)
	f, err := os.Create(filepath.Join(dir, "pack.xlsx"))
	require.NoError(t, err)
	z := zip.NewWriter(f)
	w, err := z.Create("xl/sheet1.xml")
	require.NoError(t, err)
	_, err = w.Write([]byte(strings.Repeat("cell ", 1000) + Mark))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	leaks, err = inFolder(dir, []string{"tributary.yaml"})
	require.NoError(t, err)
	var places []string
	for _, l := range leaks {
		places = append(places, l.Place)
	}
	require.ElementsMatch(t, []string{"data/tributary.yaml", "data/kafka/0.log", "pack.xlsx/xl/sheet1.xml"}, places)
}

// A system whose credentials bear no sign would be looked for in vain.
func TestEverySecretOfTheSandboxBearsASign(t *testing.T) {
	t.Parallel()
	sb, err := sandbox.Start(t.Context(), sandbox.Config{Dir: t.TempDir(), Seed: 1, Scale: 0.1, Now: time.Now})
	require.NoError(t, err)
	defer sb.Close()
	var file struct {
		Connections []struct {
			Name, Connector string
			Settings        map[string]any
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(sb.Config()), &file))
	registry, err := builtin.Registry()
	require.NoError(t, err)
	found := 0
	for _, c := range file.Connections {
		_, spec, err := registry.Configured(c.Connector, c.Settings)
		require.NoError(t, err)
		for name, secret := range differing("", c.Settings, spec.Redact(c.Settings)) {
			require.NotEmpty(t, Find(name, []byte(secret)), "%s: %s", c.Name, name)
			found++
		}
	}
	require.Greater(t, found, 10)
}

// differing are the texts of raw that redacting changed, by path.
func differing(path string, raw, redacted any) map[string]string {
	out := map[string]string{}
	switch v := raw.(type) {
	case string:
		if v != redacted {
			out[path] = v
		}
	case map[string]any:
		r, _ := redacted.(map[string]any)
		for k, inner := range v {
			for name, secret := range differing(path+"."+k, inner, r[k]) {
				out[name] = secret
			}
		}
	default:
		if !reflect.DeepEqual(raw, redacted) {
			out[path] = ""
		}
	}
	return out
}
