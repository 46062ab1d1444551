package store

import (
	"database/sql"
	"fmt"
)

// CallRoot is a call's row, as pruning looks at it.
type CallRoot struct {
	ID, Bundle, Source, Start int64
}

// CallsBefore lists up to n of the first rows, calls and requests, that begin
// before t, microseconds UTC. What has no time is not among them.
func (im *Import) CallsBefore(t int64, n int) []CallRoot {
	var list []CallRoot
	im.query(`SELECT id, bundle, source, start FROM attempt WHERE start > 0 AND start < ? AND call = 0 ORDER BY start, id LIMIT ?`, []any{t, n}, func(r *sql.Rows) error {
		var c CallRoot
		err := r.Scan(&c.ID, &c.Bundle, &c.Source, &c.Start)
		list = append(list, c)
		return err
	})
	return list
}

// LegsOf lists the attempts of a call that stand alone otherwise, and itself if it does.
func (im *Import) LegsOf(call int64) []Attempt {
	var list []Attempt
	im.query(`SELECT `+recordColumns+` FROM attempt WHERE bundle = 0 AND (id = ? OR id IN (SELECT attempt FROM joint WHERE attempt <> 0 AND root = (SELECT bundle FROM attempt WHERE id = ?)) AND call = ?) ORDER BY id`,
		[]any{call, call, call}, func(r *sql.Rows) error {
			var a Attempt
			err := im.scanRecord(r, &a)
			list = append(list, a)
			return err
		})
	return list
}

// Callless lists the bundles that no call or request came of, as of messages
// that must not be counted.
func (im *Import) Callless() []int64 {
	return im.ids(`SELECT id FROM bundle WHERE id NOT IN (SELECT bundle FROM attempt) AND id NOT IN (SELECT bundle FROM joint) ORDER BY id`)
}

// BeginsAfter reports whether a bundle has a call that begins at t or later.
func (im *Import) BeginsAfter(bundle, t int64) (yes bool) {
	im.query(`SELECT 1 FROM attempt WHERE bundle = ? AND bundle <> 0 AND call = 0 AND start >= ? LIMIT 1`, []any{bundle, t}, func(*sql.Rows) error {
		yes = true
		return nil
	})
	return yes
}

// SetEvidence puts other records in place of a bundle's; those of a source that
// has none left go.
func (im *Import) SetEvidence(bundle int64, list []Evidence) {
	im.exec(`DELETE FROM evidence WHERE bundle = ?`, bundle)
	for _, e := range list {
		if len(e.Data) > 0 {
			im.exec(`INSERT INTO evidence (bundle, source, data) VALUES (?, ?, ?)`, bundle, e.Source, e.Data)
		}
	}
}

// Gone counts records of a source that were taken out.
type Gone struct {
	CDRs     int64
	Messages map[MessageCount]int64 // by method and status, N 0
}

// Forget takes records out of the counts of their sources.
func (im *Import) Forget(gone map[int64]*Gone) {
	for source, g := range gone {
		var messages int64
		for k, n := range g.Messages {
			messages += n
			im.exec(`UPDATE message_count SET n = n - ? WHERE source = ? AND method = ? AND status = ?`, n, source, k.Method, k.Status)
		}
		im.exec(`DELETE FROM message_count WHERE source = ? AND n <= 0`, source)
		im.exec(`UPDATE source SET messages = messages - ?, cdrs = cdrs - ? WHERE id = ?`, messages, g.CDRs, source)
	}
}

// PruneLedger takes out what is not part of a call and older than t: events,
// places of doubled records, rejects and remarks of sources that end before t.
// Rejects of a source that goes on after t cannot be dated: they lose their
// text. The sources stay, with note added to those that reach before t.
func (im *Import) PruneLedger(t int64, note string) (events, rejects, sources int64) {
	ended := `(SELECT id FROM source WHERE last_time > 0 AND last_time < ?)`
	events = im.number(`SELECT count(*) FROM event WHERE time > 0 AND time < ? OR time = 0 AND source IN `+ended, t, t)
	rejects = im.number(`SELECT coalesce(sum(records), 0) FROM reject WHERE source IN `+ended, t)
	sources = im.number(`SELECT count(*) FROM source WHERE first_time > 0 AND first_time < ?`, t)
	im.exec(`UPDATE source SET events = events - (SELECT count(*) FROM event e WHERE e.source = source.id AND (e.time > 0 AND e.time < ? OR e.time = 0 AND source.last_time < ?))
		WHERE first_time > 0 AND first_time < ?`, t, t, t)
	im.exec(`DELETE FROM event WHERE time > 0 AND time < ? OR time = 0 AND source IN `+ended, t, t)
	im.exec(`UPDATE source SET doubled = doubled - (SELECT count(*) FROM doubled d WHERE d.source = source.id AND d.start > 0 AND d.start < ?),
		cdrs = cdrs - (SELECT count(*) FROM doubled d WHERE d.source = source.id AND d.start > 0 AND d.start < ?) WHERE doubled > 0`, t, t)
	im.exec(`DELETE FROM doubled WHERE start > 0 AND start < ?`, t)
	for _, table := range [...]string{"reject", "warning", "gap"} {
		im.exec(`DELETE FROM `+table+` WHERE source IN `+ended, t)
	}
	im.exec(`DELETE FROM piece WHERE source IN (SELECT id FROM source WHERE first_time > 0 AND first_time < ?)`, t)
	im.exec(`DELETE FROM message_count WHERE source IN (SELECT id FROM source WHERE last_time > 0 AND last_time < ? AND messages = 0)`, t)
	im.exec(`UPDATE source SET rejected = 0 WHERE id IN `+ended, t)
	im.exec(`UPDATE reject SET sample = '' WHERE source IN (SELECT id FROM source WHERE first_time > 0 AND first_time < ?)`, t)
	im.exec(`UPDATE source SET note = CASE WHEN note = '' THEN ? ELSE note || '; ' || ? END WHERE first_time > 0 AND first_time < ?`, note, note, t)
	im.exec(`UPDATE source SET first_time = ? WHERE first_time > 0 AND first_time < ? AND last_time >= ?`, t, t, t)
	return events, rejects, sources
}

// Untimed counts the calls without a time: retention cannot tell how old they are.
func (im *Import) Untimed() int64 {
	return im.number(`SELECT count(*) FROM attempt WHERE start = 0 AND call = 0`)
}

func (im *Import) number(query string, args ...any) (n int64) {
	im.query(query, args, func(r *sql.Rows) error { return r.Scan(&n) })
	return n
}

// SourceNamed finds a source by its path or its number in the ledger.
func SourceNamed(list []Source, name string) (Source, bool) {
	for _, s := range list {
		if s.Path == name {
			return s, true
		}
	}
	for _, s := range list {
		if fmt.Sprint(s.ID) == name {
			return s, true
		}
	}
	return Source{}, false
}
