package hub

import (
	"context"
	"runtime"
	"runtime/metrics"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestWhenMemoryIsGivenBack(t *testing.T) {
	const mb = 1 << 20
	var r rest
	for i, look := range []struct {
		allocated, live uint64
		due             bool
	}{
		{100 * mb, 20 * mb, false},  // a burst
		{300 * mb, 20 * mb, false},  // it goes on
		{301 * mb, 20 * mb, true},   // it is over
		{302 * mb, 20 * mb, false},  // given back once
		{340 * mb, 20 * mb, false},  // the next one
		{341 * mb, 20 * mb, true},   //
		{380 * mb, 200 * mb, false}, //
		{381 * mb, 200 * mb, false}, // too little beside what lives
		{560 * mb, 200 * mb, false}, //
		{561 * mb, 200 * mb, true},  //
		{564 * mb, 200 * mb, false}, // those that only look for work
	} {
		require.Equal(t, look.due, r.due(look.allocated, look.live), "look %d", i)
	}
}

// What a burst took goes back to the machine soon after it.
func TestMemoryIsGivenBackAfterABurst(t *testing.T) {
	released := func() uint64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/released:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	burst := make([][]byte, 256)
	for i := range burst {
		burst[i] = make([]byte, 1<<20)
	}
	before := released()
	runtime.KeepAlive(burst)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*restLook)
		defer cancel()
		new(Hub).restLoop(ctx)
	})
	require.Greater(t, released(), before+200<<20)
}
