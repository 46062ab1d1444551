package ingest

import "io"

// window is the part of a source that a reader looks at together. It begins small and
// becomes as large as it may only for a source that fills it: folders of a hundred
// thousand documents of a kilobyte are usual (FreeSWITCH writes one a call), and with
// windows of two megabytes made for each their import took eighteen times as long.
type window struct {
	src      io.Reader
	buf      []byte
	pos, end int   // unread bytes are buf[pos:end]
	full     int   // how large buf may become
	eof      bool  // there is nothing behind end
	err      error // what ended the source other than its end
}

const firstWindow = 16 << 10

func newWindow(src io.Reader, full int) window {
	return window{src: src, buf: make([]byte, min(firstWindow, full)), full: full}
}

// windowOf is a window of what is in memory.
func windowOf(text []byte) window { return window{buf: text, end: len(text), eof: true} }

// fill moves the unread bytes to the front and reads until the window has its full
// size or the source ends, so that what is seen does not depend on how the source
// hands out its bytes.
func (w *window) fill() {
	if w.eof {
		return
	}
	w.end = copy(w.buf, w.buf[w.pos:w.end])
	w.pos = 0
	for {
		n, err := io.ReadFull(w.src, w.buf[w.end:])
		w.end += n
		if err != nil {
			w.eof = true
			if err != io.EOF && err != io.ErrUnexpectedEOF {
				w.err = err
			}
			return
		}
		if len(w.buf) == w.full {
			return
		}
		w.buf = append(make([]byte, 0, nextWindow(len(w.buf), w.full)), w.buf...)
		w.buf = w.buf[:cap(w.buf)]
	}
}

// nextWindow is the size after this one.
func nextWindow(size, full int) int { return min(8*size, full) }
