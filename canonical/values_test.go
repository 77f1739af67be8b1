package canonical_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
)

func TestQuantityReadsAndWritesExactly(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want string
		bad  bool
	}{
		{in: "20", want: "20"}, {in: "-20.50", want: "-20.5"}, {in: "+0.000001", want: "0.000001"}, {in: ".5", want: "0.5"},
		{in: "0007", want: "7"}, {in: "1.0000000", want: "1"}, {in: "9223372036854.775807", want: "9223372036854.775807"},
		{in: "-9223372036854.775808", want: "-9223372036854.775808"},
		{in: "", bad: true}, {in: "-", bad: true}, {in: "1.", bad: true}, {in: "1e3", bad: true}, {in: "1,000", bad: true},
		{in: "0.0000001", bad: true}, {in: "9223372036854.775808", bad: true}, {in: "99999999999999", bad: true},
	} {
		q, err := canonical.ParseQuantity(tc.in)
		if tc.bad {
			require.Error(t, err, tc.in)
			continue
		}
		require.NoError(t, err, tc.in)
		require.Equal(t, tc.want, q.String(), tc.in)
	}
}

func TestQuantityLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := canonical.Quantity(rapid.Int64().Draw(t, "q"))
		back, err := canonical.ParseQuantity(q.String())
		require.NoError(t, err)
		require.Equal(t, q, back)

		num := canonical.Quantity(rapid.Int64().Draw(t, "num"))
		den := canonical.Quantity(rapid.Int64().Filter(func(n int64) bool { return n != 0 }).Draw(t, "den"))
		exact := new(big.Rat).Mul(big.NewRat(int64(q), 1), new(big.Rat).SetFrac(big.NewInt(int64(num)), big.NewInt(int64(den))))
		got, err := q.MulDiv(num, den)
		if err != nil {
			require.ErrorIs(t, err, canonical.ErrOverflow)
			limit := new(big.Rat).SetFloat64(math.MaxInt64)
			require.True(t, new(big.Rat).Abs(exact).Cmp(new(big.Rat).Sub(limit, big.NewRat(1, 1))) >= 0, "refused %v", exact)
			return
		}
		diff := new(big.Rat).Sub(exact, big.NewRat(int64(got), 1))
		require.True(t, diff.Abs(diff).Cmp(big.NewRat(1, 2)) <= 0, "%v × %v ÷ %v = %v, got %v", q, num, den, exact, got)

		sum, err := q.Add(num)
		want := new(big.Int).Add(big.NewInt(int64(q)), big.NewInt(int64(num)))
		require.Equal(t, want.IsInt64(), err == nil)
		if err == nil {
			require.Equal(t, want.Int64(), int64(sum))
		}
	})
}

func TestDateIsUnsetWhenZero(t *testing.T) {
	var d canonical.Date
	require.True(t, d.IsZero())
	require.Empty(t, d.String())
	b, err := json.Marshal(struct {
		A canonical.Date `json:"a"`
		B canonical.Date `json:"b,omitzero"`
	}{})
	require.NoError(t, err)
	require.JSONEq(t, `{"a":null}`, string(b))
	_, err = canonical.NewDate(2026, 2, 29)
	require.ErrorContains(t, err, "2026-02-29 does not exist")
}

func TestDateLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := canonical.Date(rapid.Int32Range(1001, 3_651_058).Draw(t, "d"))
		back, err := canonical.ParseDate(d.String())
		require.NoError(t, err)
		require.Equal(t, d, back)
		require.Equal(t, d, canonical.DateOf(d.Time()))
		n := rapid.IntRange(-1000, 1000).Draw(t, "n")
		require.Equal(t, d.Time().AddDate(0, 0, n), d.AddDays(n).Time())
		for _, stored := range []any{d.Time(), d.String(), []byte(d.String())} {
			var scanned canonical.Date
			require.NoError(t, scanned.Scan(stored))
			require.Equal(t, d, scanned)
		}
	})
}

func TestIDsSortByTimeAndDeriveFromContent(t *testing.T) {
	rnd := bytes.NewReader(bytes.Repeat([]byte{0xff, 0, 7}, 20))
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	a, err := canonical.NewID(at, rnd)
	require.NoError(t, err)
	b, err := canonical.NewID(at.Add(time.Millisecond), rnd)
	require.NoError(t, err)
	require.Less(t, a.String(), b.String())
	require.Equal(t, "7", a.String()[14:15])
	_, err = canonical.NewID(at, bytes.NewReader(nil))
	require.Error(t, err)

	require.Equal(t, canonical.DeriveID("a", "b"), canonical.DeriveID("a", "b"))
	require.NotEqual(t, canonical.DeriveID("ab", "c"), canonical.DeriveID("a", "bc"))
	for _, stored := range []any{a[:], a.String(), []byte(a.String())} {
		var scanned canonical.ID
		require.NoError(t, scanned.Scan(stored))
		require.Equal(t, a, scanned)
	}
	_, err = canonical.ParseID("{" + a.String() + "}")
	require.Error(t, err)
}

func FuzzParseQuantity(f *testing.F) {
	for _, s := range []string{"1.5", "-0", "１２", "1e9", "..", "+.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := canonical.ParseQuantity(s)
		if err == nil {
			back, err := canonical.ParseQuantity(q.String())
			require.NoError(t, err)
			require.Equal(t, q, back)
		}
	})
}
