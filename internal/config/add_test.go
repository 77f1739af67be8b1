package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/internal/config"
)

const addedBlock = "name: chain\nconnector: pharmacy\nsettings:\n  token: ${env:NOT_SET_ANYWHERE}\n"

func TestAConnectionIsAddedAndNothingElseChanges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, after string }{
		"nothing":        {"", "connections:\n  - name: chain\n    connector: pharmacy\n    settings:\n      token: ${env:NOT_SET_ANYWHERE}\n"},
		"no connections": {"company: {code: M}\n\n", "company: {code: M}\nconnections:\n  - name: chain\n    connector: pharmacy\n    settings:\n      token: ${env:NOT_SET_ANYWHERE}\n"},
		"an empty list":  {"connections: []  # none yet\nauth: {}\n", "connections: # none yet\n  - name: chain\n    connector: pharmacy\n    settings:\n      token: ${env:NOT_SET_ANYWHERE}\nauth: {}\n"},
		"behind others, comments stay": {
			"connections:\n- name: erp # ours\n  connector: kingdee\n\n# about people\nauth: {local_role: admin}\n",
			"connections:\n- name: erp # ours\n  connector: kingdee\n- name: chain\n  connector: pharmacy\n  settings:\n    token: ${env:NOT_SET_ANYWHERE}\n\n# about people\nauth: {local_role: admin}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := config.AddConnection("tributary.yaml", []byte(c.before), []byte(addedBlock))
			require.NoError(t, err)
			require.Equal(t, c.after, string(got))
			again, err := config.AddConnection("tributary.yaml", got, []byte(strings.Replace(addedBlock, "chain", "chain2", 1)))
			require.NoError(t, err)
			require.Equal(t, 2, strings.Count(string(again), "connector: pharmacy"))
		})
	}
	for name, before := range map[string]string{
		"one line":  "connections: [{name: erp, connector: kingdee}]\n",
		"not YAML":  "connections: [\n",
		"same name": "connections:\n  - {name: chain, connector: pharmacy}\n",
		"a mapping": "connections:\n  erp: {connector: kingdee}\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.AddConnection("tributary.yaml", []byte(before), []byte(addedBlock))
			require.Error(t, err)
		})
	}
}

func FuzzAddConnection(f *testing.F) {
	f.Add("connections:\n- name: erp\n  connector: kingdee\nauth: {}\n")
	f.Add("connections: []\n")
	f.Fuzz(func(t *testing.T, before string) {
		_, _ = config.AddConnection("tributary.yaml", []byte(before), []byte(addedBlock))
	})
}
