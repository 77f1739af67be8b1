package fault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/sandbox/fault"
)

func TestPlans(t *testing.T) {
	t.Parallel()
	s, err := fault.Parse("throttle:2, html_502/3,no_rights:always")
	require.NoError(t, err)
	var throttle, page, rights []bool
	for range 4 {
		throttle = append(throttle, s.Hit(fault.Throttle))
		page = append(page, s.Hit(fault.HTTP502))
		rights = append(rights, s.Hit(fault.NoRights))
	}
	require.Equal(t, []bool{true, true, false, false}, throttle)
	require.Equal(t, []bool{false, false, true, false}, page)
	require.Equal(t, []bool{true, true, true, true}, rights)
	require.Equal(t, 2, s.Hits(fault.Throttle))
	require.True(t, s.On(fault.NoRights))
	require.False(t, s.On(fault.Throttle), "used up")
	s.Off(fault.NoRights)
	require.False(t, s.On(fault.NoRights))
	require.True(t, s.On(fault.HTTP502))
	s.Always(fault.NoRights)
	s.Clear()
	require.False(t, s.Hit(fault.NoRights))
	require.False(t, (*fault.Set)(nil).Hit(fault.Slow))

	_, err = fault.Parse("gremlins")
	require.ErrorContains(t, err, "throttle") // names the known ones
	_, err = fault.Parse("throttle:soon")
	require.ErrorContains(t, err, "soon")
}
