package store

import "os"

// A first import ends with a sync of all that it wrote: 95 ms of waiting of the 1.4 s
// of a million CDRs, since the system begins to write to the disk after seconds only.
// So it is asked to begin while the import runs. Pages that SQLite has given to the
// file may go to the disk at any time: it has synced its journal before.

// earlyStep is how many bytes of packed rows are stored between two requests.
const earlyStep = 4 << 20

// earlyWriter asks for it. The zero value does nothing.
type earlyWriter struct {
	file *os.File
	rows int
}

// wrote is told how many bytes of packed rows were stored.
func (e *earlyWriter) wrote(n int) {
	if e.file == nil {
		return
	}
	if e.rows += n; e.rows >= earlyStep {
		e.rows = 0
		_ = beginWriting(e.file) // what it cannot do the sync at the end does
	}
}

// close is for the time after SQLite has closed the file: on some systems closing it
// gives up all locks that the program has on it.
func (e *earlyWriter) close() {
	if e.file != nil {
		e.file.Close()
		e.file = nil
	}
}
