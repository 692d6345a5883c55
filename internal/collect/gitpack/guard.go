package gitpack

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
)

// guard runs f, and makes an error of a fault in mapped memory: a file that was shortened, or a disk that failed, while it was read.
// Other panics are mistakes of this package and go on.
func guard(f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer func() {
		debug.SetPanicOnFault(old)
		p := recover()
		if p == nil {
			return
		}
		if fault, ok := p.(interface {
			runtime.Error
			Addr() uintptr
		}); ok {
			err = fmt.Errorf("%w: a file changed while it was read: %w", ErrDamaged, fault)
			return
		}
		panic(p)
	}()
	return f()
}

// crew runs f on each of n workers and gives the first error. Its context ends when one fails, so that the others stop.
func crew(ctx context.Context, n int, f func(ctx context.Context, id int) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var once sync.Once
	var first error
	var all sync.WaitGroup
	for id := range n {
		all.Go(func() {
			if err := guard(func() error { return f(ctx, id) }); err != nil {
				once.Do(func() { first = err })
				cancel()
			}
		})
	}
	all.Wait()
	return first
}
