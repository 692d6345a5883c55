package casefile

import (
	"errors"
	"os"
	"syscall"
)

// writable is true: Windows says who may write only on trying, and SQLite tries.
func writable(string) bool { return true }

// lock takes a file that only one process can have: it is opened so that no other may open it, until its holder ends, however that ends.
func lock(path string) (*os.File, error) {
	const sharingViolation, unshared = syscall.Errno(32), 0
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, unshared, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, sharingViolation) {
		return nil, ErrBusy
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(h), path), nil
}

// unlock gives the file free. It stays: nobody may delete an open one, and after that it may be another's.
func unlock(f *os.File) error { return f.Close() }
