package ingest

// astAhead reads the rows of a window beside the goroutine that counts them: it splits
// them, checks them and finds their routes, which is four tenths of a reader's work.
// An import of a Master.csv waited for its reader, with a fifth of two cores idle.
//
// Only rows that stand on a line of their own with nothing wrong are read ahead. All
// else is left to the reader, which takes what was read ahead where it has come to
// the same place.
type astAhead struct {
	window     int // number of the window that is read ahead, see csvLines.fills
	full, used chan *astBatch
	batch      *astBatch // nil: none, or all of the window is read
	at         int       // place of its next row
}

// astBatch are some rows: few, so that they stay in the processor's cache.
type astBatch struct {
	n    int
	rows [32]astAheadRow
}

// astAheadRow is a row with its place in the window.
type astAheadRow struct {
	astRow
	from, end, next int
}

// minAhead is how long a window must be to be worth a goroutine.
var minAhead = 64 << 10

// next is the row at the reader's place; nil if it was not read ahead.
func (a *astAhead) next(lines *csvLines) *astAheadRow {
	if a.window != lines.fills {
		a.window = lines.fills
		a.start(lines)
	}
	for a.batch != nil {
		if a.at == a.batch.n {
			a.used <- a.batch
			a.batch, a.at = <-a.full, 0
			continue
		}
		if r := &a.batch.rows[a.at]; r.from >= lines.pos {
			if r.from > lines.pos {
				return nil
			}
			a.at++
			return r
		}
		a.at++
	}
	return nil
}

func (a *astAhead) start(lines *csvLines) {
	if lines.end-lines.pos < minAhead {
		return
	}
	if a.full == nil {
		const batches = 6
		a.full, a.used = make(chan *astBatch, batches), make(chan *astBatch, batches)
		for range batches {
			a.used <- new(astBatch)
		}
	}
	go a.read(lines.buf[:lines.end], lines.pos, lines.terminator)
	a.batch, a.at = <-a.full, 0
}

// stop waits until nothing is read ahead any more: the window's bytes may move then.
func (a *astAhead) stop() {
	for a.batch != nil {
		a.used <- a.batch
		a.batch = <-a.full
	}
}

// read reads the window from a place on. The last batch is followed by nil.
func (a *astAhead) read(window []byte, from int, terminator byte) {
	b := <-a.used
	b.n = 0
	for from < len(window) {
		row := window[from:min(len(window), from+maxCSVLine)]
		i := indexByte(viewOf(row), 0, terminator)
		if i == len(row) {
			break
		}
		r := &b.rows[b.n]
		r.from, r.end, r.next = from, i, i+1
		if i > 0 && row[i-1] == '\r' {
			r.end--
		}
		r.text = viewOf(row[:r.end])
		if r.split() == "" && r.sound() == "" {
			r.findRoute()
			if b.n++; b.n == len(b.rows) {
				a.full <- b
				b = <-a.used
				b.n = 0
			}
		}
		from += i + 1
	}
	a.full <- b
	a.full <- nil
}
