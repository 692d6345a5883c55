//go:build unix

package casefile

import "syscall"

// writable asks the system whether we may write to a folder: root may not either on a file system that is mounted for reading.
func writable(dir string) bool {
	const mayWrite = 2 // W_OK of access(2)
	return syscall.Access(dir, mayWrite) == nil
}
