package store

import (
	"context"
	"database/sql"
)

// Piece is what a text source begins and ends with: what a rotation may have cut
// out of a record that goes on in another source.
type Piece struct {
	Source     int64
	Head       []byte // from the first byte to behind the first record; empty: none kept
	Tail       []byte // from before the last record to the end; empty: none kept
	TailOffset int64  // of Tail in the source
	TailLine   int64  // 1-based line that Tail begins in

	HeadSize, TailSize int64 // bytes, where Head and Tail are not read

	// Of the source, not stored with the piece:
	Path, Format string
	First, Last  int64 // microseconds UTC
}

// Seam is where two sources go on into one another: the records of the one from
// TailFrom on and of the other before HeadTo are read anew as those of a third
// source, and count as duplicates where they stand.
type Seam struct {
	Tail, Head, Joined int64 // source ids
	TailFrom, HeadTo   int64 // byte offsets
}

// AddPiece keeps the ends of the import's source.
func (im *Import) AddPiece(p *Piece) {
	im.beside(`INSERT INTO piece (source, head, tail, tail_offset, tail_line) VALUES (?, ?, ?, ?, ?)`, im.Source.ID, blob(p.Head), blob(p.Tail), p.TailOffset, p.TailLine)
}

// blob is b, never NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Pieces lists the ends of all sources that have some, by path, without their
// bytes, which PieceBytes has.
func (im *Import) Pieces() []Piece {
	var list []Piece
	im.query(`SELECT p.source, length(p.head), length(p.tail), p.tail_offset, p.tail_line, s.path, s.format, s.first_time, s.last_time
		FROM piece p JOIN source s ON s.id = p.source ORDER BY s.path, s.sha256`, nil, func(r *sql.Rows) error {
		var p Piece
		err := r.Scan(&p.Source, &p.HeadSize, &p.TailSize, &p.TailOffset, &p.TailLine, &p.Path, &p.Format, &p.First, &p.Last)
		list = append(list, p)
		return err
	})
	return list
}

// MayHaveSeams reports whether there are the ends of two sources, or seams.
func (db *DB) MayHaveSeams(ctx context.Context) (yes bool, err error) {
	err = db.each(ctx, `SELECT (SELECT count(*) FROM (SELECT 1 FROM piece LIMIT 2)) = 2 OR EXISTS (SELECT 1 FROM seam)`, nil, func(r *sql.Rows) error { return r.Scan(&yes) })
	return yes, err
}

// PieceBytes reads the ends of a source; none if it has no piece.
func (db *DB) PieceBytes(ctx context.Context, source int64) (head, tail []byte, err error) {
	err = db.each(ctx, `SELECT head, tail FROM piece WHERE source = ?`, []any{source}, func(r *sql.Rows) error { return r.Scan(&head, &tail) })
	return head, tail, err
}

const seamQuery = `SELECT tail, head, joined, tail_from, head_to FROM seam ORDER BY joined`

func scanSeam(r *sql.Rows) (s Seam, err error) {
	err = r.Scan(&s.Tail, &s.Head, &s.Joined, &s.TailFrom, &s.HeadTo)
	return s, err
}

// Seams lists where sources go on into one another.
func (im *Import) Seams() []Seam {
	var list []Seam
	im.look(seamQuery, nil, func(r *sql.Rows) error {
		s, err := scanSeam(r)
		list = append(list, s)
		return err
	})
	return list
}

// AddSeam notes a seam and takes what has no place in a bundle out of the two
// sources: events and rejects in what is read anew.
func (im *Import) AddSeam(s Seam) {
	im.exec(`INSERT INTO seam (tail, head, joined, tail_from, head_to) VALUES (?, ?, ?, ?, ?)`, s.Tail, s.Head, s.Joined, s.TailFrom, s.HeadTo)
	im.dropBetween(s.Tail, s.TailFrom, 1<<62)
	im.dropBetween(s.Head, 0, s.HeadTo)
}

// dropBetween takes a source's events and rejects at offsets in [from, to) out.
func (im *Import) dropBetween(source, from, to int64) {
	const where = ` WHERE source = ? AND offset >= ? AND offset < ?`
	im.exec(`UPDATE source SET events = events - (SELECT count(*) FROM event`+where+`), rejected = rejected - (SELECT coalesce(sum(records), 0) FROM reject`+where+`) WHERE id = ?`,
		source, from, to, source, from, to, source)
	im.exec(`DELETE FROM event`+where, source, from, to)
	im.exec(`DELETE FROM reject`+where, source, from, to)
}

// AddSeen adds n, which may be negative, to how often a source had a message of a kind.
func (im *Import) AddSeen(source int64, method string, status int, n int64) {
	im.exec(`INSERT INTO message_count (source, method, status, n) VALUES (?, ?, ?, ?) ON CONFLICT (source, method, status) DO UPDATE SET n = n + excluded.n`, source, method, status, n)
	im.exec(`DELETE FROM message_count WHERE source = ? AND n <= 0`, source)
}

// DropSeam forgets a seam; the source of what was joined must be dropped as well.
func (im *Import) DropSeam(s Seam) {
	im.exec(`DELETE FROM seam WHERE joined = ?`, s.Joined)
}

// As makes the import that of a source in the ledger: what follows is counted there.
func (im *Import) As(source int64) {
	im.EndSource()
	im.query(`SELECT id, path, sha256, size, format, state, messages, cdrs, events, rejected, doubled, first_time, last_time, tz, tz_from, note FROM source WHERE id = ?`,
		[]any{source}, func(r *sql.Rows) error {
			s := &im.Source
			return r.Scan(&s.ID, &s.Path, &s.SHA256, &s.Size, &s.Format, &s.State, &s.Messages, &s.CDRs, &s.Events, &s.Rejected, &s.Doubled, &s.First, &s.Last, &s.TZ, &s.TZFrom, &s.Note)
		})
}

// Zones are the zones in which sources with ends were read, by source.
func (im *Import) Zones() map[int64]string {
	zones := map[int64]string{}
	im.query(`SELECT s.id, s.tz FROM source s JOIN piece p ON p.source = s.id WHERE s.tz <> ''`, nil, func(r *sql.Rows) error {
		var id int64
		var name string
		err := r.Scan(&id, &name)
		zones[id] = name
		return err
	})
	return zones
}
