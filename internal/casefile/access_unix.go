//go:build unix

package casefile

import (
	"errors"
	"os"
	"syscall"
)

// writable asks the system whether we may write to a folder: root may not either on a file system that is mounted for reading.
func writable(dir string) bool {
	const mayWrite = 2 // W_OK of access(2)
	return syscall.Access(dir, mayWrite) == nil
}

// lock takes a file that only one process can have. The system gives it free when its holder ends, however that ends.
func lock(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			if errors.Is(err, syscall.EWOULDBLOCK) {
				err = ErrBusy
			}
			return nil, errors.Join(err, f.Close())
		}
		if same(f, path) {
			return f, nil
		}
		if err := f.Close(); err != nil { // its holder took it away in between: what we have is no file any more
			return nil, err
		}
	}
}

func same(f *os.File, path string) bool {
	ours, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(ours, there)
}

// unlock takes the file away while it is still held, then gives it free.
func unlock(f *os.File) error { return errors.Join(os.Remove(f.Name()), f.Close()) }
