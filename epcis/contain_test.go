package epcis_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/epcis"
)

func hour(n int) time.Time { return time.Date(2025, 3, 1, n, 0, 0, 0, time.UTC) }

func TestStays(t *testing.T) {
	got := epcis.Stays([]epcis.Packing{
		{Event: "4", Time: hour(4), Action: "DELETE", Parent: "case1"},
		{Event: "1", Time: hour(1), Action: "ADD", Parent: "case1", Children: []string{"a", "b"}},
		{Event: "2", Time: hour(2), Action: "DELETE", Parent: "case1", Children: []string{"a"}},
		{Event: "3", Time: hour(3), Action: "ADD", Parent: "case2", Children: []string{"a"}},
		{Event: "5", Time: hour(5), Action: "OBSERVE", Parent: "case3", Children: []string{"a", "c"}},
		{Event: "6", Time: hour(6), Action: "DELETE", Parent: "case9", Children: []string{"a"}},
	})
	require.Equal(t, []epcis.Stay{
		{Object: "a", Parent: "case1", From: hour(1), To: hour(2), In: "1", Out: "2"},
		{Object: "b", Parent: "case1", From: hour(1), To: hour(4), In: "1", Out: "4"},
		{Object: "a", Parent: "case2", From: hour(3), To: hour(5), In: "3", Out: "5"},
		{Object: "a", Parent: "case3", From: hour(5), In: "5", Seen: true},
		{Object: "c", Parent: "case3", From: hour(5), In: "5", Seen: true},
	}, got)
}

// Whatever the order of arrival, the same stays come out, and no object is in two places at one time.
func TestStaysDoNotDependOnArrival(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"a", "b", "c", "p", "q", ""})
		var events []epcis.Packing
		for i := range rapid.IntRange(0, 12).Draw(t, "n") {
			events = append(events, epcis.Packing{Event: string(rune('A' + i)), Time: hour(rapid.IntRange(0, 5).Draw(t, "t")), Action: rapid.SampledFrom([]string{"ADD", "OBSERVE", "DELETE"}).Draw(t, "action"),
				Parent: name.Draw(t, "parent"), Children: rapid.SliceOfN(name, 0, 3).Draw(t, "children")})
		}
		want := epcis.Stays(events)
		require.Equal(t, want, epcis.Stays(rapid.Permutation(events).Draw(t, "order")))
		for i, s := range want {
			require.NotEqual(t, s.Object, s.Parent)
			for _, o := range want[i+1:] {
				if o.Object == s.Object {
					require.False(t, s.To.IsZero(), "left before it came elsewhere")
					require.False(t, o.From.Before(s.To))
				}
			}
		}
	})
}
