//go:build unix && !solaris && !aix

package store

import (
	"os"
	"syscall"
)

// flock takes the advisory lock of an open file; errHeld if another has it.
func flock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == syscall.EWOULDBLOCK {
		return errHeld
	}
	return err
}
