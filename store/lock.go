package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// Holder is who holds the lock of a database.
type Holder struct {
	PID     int    `json:"pid"`
	Host    string `json:"host"`
	Command string `json:"command"`
	Since   string `json:"since"` // RFC 3339
}

func (h Holder) String() string {
	if h.PID == 0 {
		return "another callsift"
	}
	since := h.Since
	if t, err := time.Parse(time.RFC3339, h.Since); err == nil {
		since = t.Local().Format("15:04")
		if time.Since(t) > 12*time.Hour {
			since = t.Local().Format("2006-01-02 15:04")
		}
	}
	return fmt.Sprintf("PID %d on %s (%s since %s)", h.PID, h.Host, h.Command, since)
}

// errHeld is a lock that somebody else holds.
var errHeld = errors.New("held")

// lockPoll is how often a lock that is held is tried again.
const lockPoll = 100 * time.Millisecond

// Lock makes this process the only writer of the database at path until release
// is called: a file beside it, PATH-lock, is held by the operating system's
// advisory lock, so that one left behind by a kill holds nobody up. SQLite's own
// lock lasts for one transaction; this one for a whole command, and it can tell
// who holds it. waiting is called once if somebody does; Lock then waits as long
// as wait says, and is an error after that or when ctx ends.
//
// Where no such file can be made nothing is locked: Open then says why the
// database cannot be written.
func Lock(ctx context.Context, path, command string, wait time.Duration, waiting func(Holder)) (release func(), err error) {
	deadline := time.Now().Add(wait)
	told := false
	for {
		f, err := tryLock(path + "-lock")
		switch {
		case err == nil:
			return hold(f, command), nil
		case !errors.Is(err, errHeld):
			return func() {}, nil
		}
		who := readHolder(path + "-lock")
		if !told {
			told = true
			waiting(who)
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("%s: locked by %s; waited %s", path, who, wait)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

// tryLock opens and locks the file; the name must still be this file's when it
// is locked, since its last holder removes it.
func tryLock(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := flock(f); err != nil {
		f.Close()
		return nil, err
	}
	mine, err := f.Stat()
	if err == nil {
		var there os.FileInfo
		if there, err = os.Stat(name); err == nil && os.SameFile(mine, there) {
			return f, nil
		}
	}
	f.Close()
	return nil, errHeld
}

// hold writes who holds the lock, for others to read.
func hold(f *os.File, command string) (release func()) {
	host, _ := os.Hostname()
	text, err := json.Marshal(Holder{os.Getpid(), host, command, time.Now().Format(time.RFC3339)})
	if err == nil && f.Truncate(0) == nil {
		f.WriteAt(append(text, '\n'), 0) // a lock without a name locks as well
	}
	return func() {
		os.Remove(f.Name())
		f.Close()
	}
}

func readHolder(name string) (h Holder) {
	if text, err := os.ReadFile(name); err == nil && json.Unmarshal(text, &h) != nil {
		return Holder{}
	}
	return h
}
