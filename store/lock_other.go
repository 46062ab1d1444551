//go:build !unix || solaris || aix

package store

import (
	"errors"
	"os"
)

// flock: the standard library has no such lock here. SQLite's own still keeps
// two writers apart, one transaction at a time.
func flock(*os.File) error { return errors.ErrUnsupported }
