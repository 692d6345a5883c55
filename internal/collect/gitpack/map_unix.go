//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package gitpack

import (
	"fmt"
	"math"
	"os"
	"syscall"
)

// mapFile gives a file's bytes and how to let go of them. Mapped pages belong to the page cache: they are shared, and the system takes
// them back when it wants memory. A file that somebody shortens meanwhile makes reading fault; see guard.
func mapFile(f *os.File, size int64) ([]byte, func() error, error) {
	if size == 0 {
		return nil, func() error { return nil }, nil
	}
	if size > math.MaxInt {
		return nil, nil, fmt.Errorf("%w: a file of %d bytes", ErrUnsupported, size)
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, nil, &os.PathError{Op: "mmap", Path: f.Name(), Err: err}
	}
	return data, func() error { return syscall.Munmap(data) }, nil
}
