package store

import (
	"context"
	"database/sql"

	"callsift/store/codes"
)

// Clock says how far a source's clock is ahead of those of others.
type Clock struct {
	Source, Ahead int64 // microseconds
	Against       int64 // source that it was measured by; 0: the calls of all that hold SIP
	N             int64 // messages or records compared
	How           string
	Applied       int64 // microseconds taken off its times for finding what belongs together
}

// ClockPair says how far the clock of source B is ahead of that of A, A < B.
type ClockPair struct{ A, B, Ahead, N int64 }

const clockQuery = `SELECT source, ahead, against, n, how, applied FROM clock ORDER BY source`

func scanClock(r *sql.Rows) (c Clock, err error) {
	err = r.Scan(&c.Source, &c.Ahead, &c.Against, &c.N, &c.How, &c.Applied)
	return c, err
}

// Clocks lists the sources whose clocks differ, by source.
func (db *DB) Clocks(ctx context.Context) (map[int64]Clock, error) {
	clocks := map[int64]Clock{}
	err := db.each(ctx, clockQuery, nil, func(r *sql.Rows) error {
		c, err := scanClock(r)
		clocks[c.Source] = c
		return err
	})
	return clocks, err
}

// Clocks lists the sources whose clocks differ, by source.
func (im *Import) Clocks() map[int64]Clock {
	clocks := map[int64]Clock{}
	im.look(clockQuery, nil, func(r *sql.Rows) error {
		c, err := scanClock(r)
		clocks[c.Source] = c
		return err
	})
	return clocks
}

// SetClock stores what is known of a source's clock; one that does not differ goes.
func (im *Import) SetClock(c Clock) {
	if c.Ahead == 0 && c.Applied == 0 {
		im.beside(`DELETE FROM clock WHERE source = ?`, c.Source)
		return
	}
	im.beside(`INSERT OR REPLACE INTO clock (source, ahead, against, n, how, applied) VALUES (?, ?, ?, ?, ?, ?)`, c.Source, c.Ahead, c.Against, c.N, c.How, c.Applied)
}

// ClockPairs lists the pairs of sources that were compared.
func (im *Import) ClockPairs() []ClockPair {
	var list []ClockPair
	im.look(`SELECT a, b, ahead, n FROM clock_pair ORDER BY a, b`, nil, func(r *sql.Rows) error {
		var p ClockPair
		err := r.Scan(&p.A, &p.B, &p.Ahead, &p.N)
		list = append(list, p)
		return err
	})
	return list
}

// SetClockPair stores a comparison.
func (im *Import) SetClockPair(p ClockPair) {
	im.beside(`INSERT OR REPLACE INTO clock_pair (a, b, ahead, n) VALUES (?, ?, ?, ?)`, p.A, p.B, p.Ahead, p.N)
}

// dropClock forgets what a source's clock was compared with.
func (im *Import) dropClock(source int64) {
	im.exec(`DELETE FROM clock_pair WHERE a = ? OR b = ?`, source, source)
	im.exec(`DELETE FROM clock WHERE source = ?`, source)
}

// SourceRows lists the ledger rows of the sources that hold SIP messages, or
// those that hold CDRs.
func (im *Import) SourceRows(sip bool) []Source {
	what := "messages"
	if !sip {
		what = "cdrs"
	}
	var list []Source
	im.look(`SELECT id, path, sha256, size, format, state, messages, cdrs, events, rejected, doubled, first_time, last_time, tz, tz_from, note FROM source WHERE `+what+` > 0 ORDER BY id`, nil, func(r *sql.Rows) error {
		return appendSource(&list, r)
	})
	return list
}

// RecordsOf lists the calls that a source's CDRs tell of and that begin in
// [from, to), joined into SIP calls or not: start and numbers.
func (im *Import) RecordsOf(source, from, to int64) []CallRow {
	var list []CallRow
	seen := map[int64]bool{}
	im.query(`SELECT a.id, a.bundle, a.profile, a.start, a.caller, a.callee FROM attempt a LEFT JOIN bundle b ON b.id = a.bundle
		WHERE a.start >= ? AND a.start < ? AND a.source = ? AND (a.bundle = 0 OR b.kind = 'cdr') ORDER BY a.start, a.id`, []any{from, to, source}, func(r *sql.Rows) error {
		c := CallRow{Source: source}
		var profile int64
		if err := r.Scan(&c.ID, &c.Bundle, &profile, &c.Start, &c.Caller, &c.Callee); err != nil {
			return err
		}
		if seen[c.Bundle] || im.profiles.get(profile).Flags&codes.FlagSameRecord != 0 {
			return nil
		}
		seen[c.Bundle] = c.Bundle != 0
		list = append(list, c)
		return nil
	})
	return list
}

// Gap is a place in a source where its times go back, or where there are none for long.
type Gap struct {
	Source   int64
	Line     int64 // of the first record behind it
	Back     bool
	From, To int64 // microseconds UTC
}

// AddGap notes a gap of the source at hand.
func (im *Import) AddGap(g Gap) {
	im.beside(`INSERT INTO gap (source, line, back, from_time, to_time) VALUES (?, ?, ?, ?, ?)`, im.Source.ID, g.Line, g.Back, g.From, g.To)
}

// Gaps lists the gaps of all sources, by source and line.
func (db *DB) Gaps(ctx context.Context) (map[int64][]Gap, error) {
	gaps := map[int64][]Gap{}
	err := db.each(ctx, `SELECT source, line, back, from_time, to_time FROM gap ORDER BY source, line, from_time`, nil, func(r *sql.Rows) error {
		var g Gap
		err := r.Scan(&g.Source, &g.Line, &g.Back, &g.From, &g.To)
		gaps[g.Source] = append(gaps[g.Source], g)
		return err
	})
	return gaps, err
}
