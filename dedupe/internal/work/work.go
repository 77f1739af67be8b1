// Package work divides a computation among the processors.
package work

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// For calls the function of a worker for 0..n-1 on all processors, each worker with a function of its own, and waits
// for all. Numbers are handed out in portions. It fails only when ctx ends; some numbers were not done then.
func For(ctx context.Context, n, portion int, worker func() func(int)) error {
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		all.Go(func() {
			do := worker()
			for ctx.Err() == nil {
				from := int(next.Add(int64(portion))) - portion
				if from >= n {
					return
				}
				for i := from; i < min(from+portion, n); i++ {
					do(i)
				}
			}
		})
	}
	all.Wait()
	return ctx.Err()
}
