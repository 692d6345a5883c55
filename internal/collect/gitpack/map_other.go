//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package gitpack

import (
	"fmt"
	"io"
	"os"
)

// maxRead is the largest file that is read into memory on systems where this package does not map files.
const maxRead = 512 << 20

func mapFile(f *os.File, size int64) ([]byte, func() error, error) {
	if size > maxRead {
		return nil, nil, fmt.Errorf("%w: a file of %d bytes on this system", ErrUnsupported, size)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	return data, func() error { return nil }, nil
}
