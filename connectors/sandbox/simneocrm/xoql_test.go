package simneocrm

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestXOQL(t *testing.T) {
	t.Parallel()
	q, err := parse("select id, a.b,c from account where updatedAt < 20 and updatedAt >= 10 and id > 3 order by id limit 5000 offset 2")
	require.NoError(t, err)
	require.Equal(t, []string{"id", "a.b", "c"}, q.fields)
	require.Equal(t, "account", q.object)
	require.Equal(t, []condition{{"updatedAt", "<", 20}, {"updatedAt", ">=", 10}, {"id", ">", 3}}, q.conditions)
	require.Equal(t, pageCap, q.limit, "a larger limit is cut silently")
	require.Equal(t, 2, q.offset)
	for _, bad := range []string{"", "delete from a", "select * from a", "select id from a order by name", "select id from a where x like 3", "select id from a limit x", "select id from a union"} {
		_, err := parse(bad)
		require.Error(t, err, bad)
	}
}
