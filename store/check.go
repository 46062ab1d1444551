package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"callsift/store/codes"
)

// Check is what a look at the whole database found.
type Check struct {
	Full     bool // integrity_check and not quick_check
	Sources  int64
	Calls    int64 // rows of attempts, calls and requests
	Cells    int64 // of the roll-up
	Findings []Finding
}

// Finding is one thing that is wrong.
type Finding struct {
	Check  string `json:"check"`  // integrity, ledger, rollup, reference
	Text   string `json:"text"`   // what is wrong, with the numbers
	Advice string `json:"advice"` // what to do
}

// What to do about a finding.
const (
	adviceDamaged = "take a copy of the file, then restore a backup or import the sources into a new database: callsift import --db NEW.db FILES"
	adviceLedger  = "the counts of the sources cannot be relied on: import the sources into a new database: callsift import --db NEW.db FILES"
	adviceRollup  = "breakdowns and reports would be wrong, the calls themselves are right: import the sources into a new database: callsift import --db NEW.db FILES"
)

// maxFindings bounds the findings of one kind.
const maxFindings = 20

// Check looks at the whole database in one snapshot: whether SQLite finds its
// pages and indexes in order (full: indexes against tables as well), whether the
// ledger of sources and the steps agree with the rows, the roll-ups with the
// calls, and whether every row refers to rows that are there. It reads only. An
// error is that of a database which could not be read to the end.
func (db *DB) Check(ctx context.Context, full bool) (Check, error) {
	c := checker{Check: Check{Full: full}, ctx: ctx}
	err := db.snapshot(ctx, func(tx *sql.Tx) error {
		c.tx = tx
		c.integrity()
		if len(c.Findings) == 0 { // what follows would count damage, not mistakes
			c.counts()
			c.references()
			c.ledgerOfSources()
			c.steps()
			c.rollups()
		}
		return c.err
	})
	return c.Check, err
}

type checker struct {
	Check
	ctx context.Context
	tx  *sql.Tx
	err error // the first; later steps do nothing
}

func (c *checker) found(check, advice, format string, args ...any) {
	n := 0
	for _, f := range c.Findings {
		if f.Check == check {
			n++
		}
	}
	if n < maxFindings {
		c.Findings = append(c.Findings, Finding{check, fmt.Sprintf(format, args...), advice})
	}
}

func (c *checker) each(query string, f func(*sql.Rows) error) {
	if c.err == nil {
		c.err = eachRow(c.ctx, c.tx, query, nil, f)
	}
}

func (c *checker) number(query string) (n int64) {
	c.each(query, func(r *sql.Rows) error { return r.Scan(&n) })
	return n
}

func (c *checker) integrity() {
	pragma := "PRAGMA quick_check(20)"
	if c.Full {
		pragma = "PRAGMA integrity_check(20)"
	}
	c.each(pragma, func(r *sql.Rows) error {
		var text string
		err := r.Scan(&text)
		if err == nil && text != "ok" {
			c.found("integrity", adviceDamaged, "the file is damaged: %s", text)
		}
		return err
	})
}

func (c *checker) counts() {
	c.Sources = c.number(`SELECT count(*) FROM source`)
	c.Calls = c.number(`SELECT count(*) FROM attempt`)
	c.Cells = c.number(`SELECT count(*) FROM rollup`)
}

// references looks for rows that refer to rows which are not there.
func (c *checker) references() {
	for _, q := range [...]struct{ text, query string }{
		{"%d calls or attempts of a source that is not in the ledger", `SELECT count(*) FROM attempt WHERE source NOT IN (SELECT id FROM source)`},
		{"%d calls or attempts without their profile", `SELECT count(*) FROM attempt WHERE profile NOT IN (SELECT id FROM profile)`},
		{"%d attempts of a call that is not there", `SELECT count(*) FROM attempt WHERE call <> 0 AND call NOT IN (SELECT id FROM attempt WHERE call = 0)`},
		{"%d calls or attempts whose bundle of records is not there", `SELECT count(*) FROM attempt WHERE bundle <> 0 AND bundle NOT IN (SELECT id FROM bundle)`},
		{"%d profiles that no call has", `SELECT count(*) FROM profile WHERE id NOT IN (SELECT profile FROM attempt)`},
		{"%d cells of the roll-up without their profile", `SELECT count(*) FROM rollup WHERE profile NOT IN (SELECT id FROM profile)`},
		{"%d packs of records of a bundle that is not there", `SELECT count(*) FROM evidence WHERE bundle NOT IN (SELECT id FROM bundle)`},
		{"%d packs of records of a source that is not in the ledger", `SELECT count(*) FROM evidence WHERE source NOT IN (SELECT id FROM source)`},
		{"%d bundles are not found by their key, or keys lead to none", `SELECT (SELECT count(*) FROM bundle_key WHERE bundle NOT IN (SELECT id FROM bundle)) + abs((SELECT count(*) FROM bundle) - (SELECT count(*) FROM bundle_key))`},
		{"%d bundles without records", `SELECT count(*) FROM bundle WHERE id NOT IN (SELECT bundle FROM evidence)`},
		{"%d seams or ends of a source that is not in the ledger", `SELECT (SELECT count(*) FROM piece WHERE source NOT IN (SELECT id FROM source))
			+ (SELECT count(*) FROM seam WHERE tail NOT IN (SELECT id FROM source) OR head NOT IN (SELECT id FROM source) OR joined NOT IN (SELECT id FROM source))`},
		{"%d links of a bundle that is not there", `SELECT count(*) FROM link WHERE bundle NOT IN (SELECT id FROM bundle)`},
		{"%d joints of a bundle that is not there", `SELECT count(*) FROM joint WHERE root NOT IN (SELECT id FROM bundle) OR parent NOT IN (SELECT id FROM bundle) OR bundle <> 0 AND bundle NOT IN (SELECT id FROM bundle)`},
		{"%d joints of a record that is not there", `SELECT count(*) FROM joint WHERE attempt <> 0 AND attempt NOT IN (SELECT id FROM attempt)`},
		{"%d rejects, warnings, counts or events of a source that is not in the ledger", `SELECT (SELECT count(*) FROM reject WHERE source NOT IN (SELECT id FROM source)) + (SELECT count(*) FROM warning WHERE source NOT IN (SELECT id FROM source))
			+ (SELECT count(*) FROM message_count WHERE source NOT IN (SELECT id FROM source)) + (SELECT count(*) FROM event WHERE source NOT IN (SELECT id FROM source)) + (SELECT count(*) FROM doubled WHERE source NOT IN (SELECT id FROM source))
			+ (SELECT count(*) FROM gap WHERE source NOT IN (SELECT id FROM source))`},
		{"%d comparisons of clocks with a source that is not in the ledger", `SELECT (SELECT count(*) FROM clock_pair WHERE a NOT IN (SELECT id FROM source) OR b NOT IN (SELECT id FROM source))
			+ (SELECT count(*) FROM clock WHERE source NOT IN (SELECT id FROM source) OR against <> 0 AND against NOT IN (SELECT id FROM source))`},
	} {
		if n := c.number(q.query); n != 0 {
			c.found("reference", adviceDamaged, q.text, n)
		}
	}
}

// ledgerOfSources holds what the ledger says of each source against its rows.
// Records that have a link are packed; they are held against the steps.
func (c *checker) ledgerOfSources() {
	for _, q := range [...]struct{ text, query string }{
		{"%s: the ledger says %d rejected records, the list holds %d",
			`SELECT s.path, s.rejected, coalesce(r.n, 0) FROM source s LEFT JOIN (SELECT source, sum(records) AS n FROM reject GROUP BY source) r ON r.source = s.id WHERE s.rejected <> coalesce(r.n, 0)`},
		{"%s: the ledger says %d events, there are %d",
			`SELECT s.path, s.events, coalesce(e.n, 0) FROM source s LEFT JOIN (SELECT source, count(*) AS n FROM event GROUP BY source) e ON e.source = s.id WHERE s.events <> coalesce(e.n, 0)`},
		{"%s: the ledger says %d records that others have brought, there are %d",
			`SELECT s.path, s.doubled, coalesce(d.n, 0) FROM source s LEFT JOIN (SELECT source, count(*) AS n FROM doubled GROUP BY source) d ON d.source = s.id WHERE s.doubled <> coalesce(d.n, 0)`},
		{"%s: the ledger says %d SIP messages, only %d were counted by kind",
			`SELECT s.path, s.messages, coalesce(m.n, 0) FROM source s LEFT JOIN (SELECT source, sum(n) AS n FROM message_count GROUP BY source) m ON m.source = s.id WHERE s.messages > coalesce(m.n, 0)`},
		{"%s: the ledger says %d CDRs, %d are counted",
			`SELECT s.path, s.cdrs, s.doubled + coalesce(a.n, 0) FROM source s LEFT JOIN (SELECT source, count(*) AS n FROM attempt WHERE bundle = 0 GROUP BY source) a ON a.source = s.id
			LEFT JOIN (SELECT e.source, count(*) AS n FROM evidence e JOIN bundle b ON b.id = e.bundle WHERE b.kind = 'cdr' GROUP BY e.source) l ON l.source = s.id
			WHERE s.cdrs < s.doubled + coalesce(a.n, 0) + coalesce(l.n, 0) OR l.n IS NULL AND s.cdrs <> s.doubled + coalesce(a.n, 0)`},
	} {
		c.each(q.query, func(r *sql.Rows) error {
			var path string
			var said, have int64
			err := r.Scan(&path, &said, &have)
			if err == nil {
				c.found("ledger", adviceLedger, q.text, path, said, have)
			}
			return err
		})
	}
}

// steps holds the counting ledger against the bundles it sums up, and its two
// ends against the sources.
func (c *checker) steps() {
	var want, have Steps
	c.each(`SELECT steps FROM bundle`, func(r *sql.Rows) error {
		var b sql.RawBytes
		err := r.Scan(&b)
		for i, n := range unpackSteps(b) {
			want[i] += n
		}
		return err
	})
	c.each(`SELECT step, n FROM ledger`, func(r *sql.Rows) error {
		var name string
		var n int64
		err := r.Scan(&name, &n)
		for i, s := range stepNames {
			if s == name {
				have[i] = n
			}
		}
		return err
	})
	for i := range want {
		if want[i] != have[i] {
			c.found("ledger", adviceLedger, "step %s: the ledger says %d, its parts sum to %d", stepNames[i], have[i], want[i])
		}
	}
	if n := c.number(`SELECT coalesce(sum(messages), 0) FROM source`); n != have[StepMessages] {
		c.found("ledger", adviceLedger, "the sources gave %d SIP messages, the ledger begins with %d", n, have[StepMessages])
	}
	linked := c.number(`SELECT coalesce(sum(cdrs - doubled), 0) FROM source`) - c.number(`SELECT count(*) FROM attempt WHERE bundle = 0`)
	if linked != have[StepRecords] {
		c.found("ledger", adviceLedger, "the sources gave %d CDRs with other legs, the ledger counts %d", linked, have[StepRecords])
	}
}

// sums are the roll-up and delays of one quarter hour.
type sums struct {
	cells  map[int64]Cell // by profile
	delays map[Delay]int64
}

// rollups works the roll-ups out anew, quarter hour by quarter hour, and compares.
func (c *checker) rollups() {
	profiles := map[int64]*Profile{}
	if c.err == nil {
		c.err = eachProfile(c.tx, func(p *Profile) { profiles[p.ID] = p })
	}
	wrong, first := int64(0), int64(0)
	compare := func(quarter int64, want sums) {
		n := c.compareQuarter(quarter, want)
		if n > 0 && wrong == 0 {
			first = quarter
		}
		wrong += n
	}
	current, s := int64(-1), sums{map[int64]Cell{}, map[Delay]int64{}}
	quarters := int64(0)
	callers := callerMarks{}
	c.each(`SELECT profile, start, caller, pdd_ms, setup_ms, talk_ms, delays FROM attempt ORDER BY start`, func(r *sql.Rows) error {
		var a Attempt
		var profile int64
		var caller, delays sql.RawBytes
		if err := r.Scan(&profile, &a.Start, &caller, &a.PDD, &a.Setup, &a.Talk, &delays); err != nil {
			return err
		}
		a.unpackDelays(delays)
		if q := a.Start / Quarter; q != current {
			if quarters > 0 {
				compare(current, s)
			}
			current, quarters = q, quarters+1
			clear(s.cells)
			clear(s.delays)
		}
		if p := profiles[profile]; p != nil {
			a.Profile = *p
		}
		callers.add(caller, current, profile, 1)
		s.add(&a, current, profile)
		return nil
	})
	if quarters > 0 {
		compare(current, s)
	}
	c.callers(callers)
	if wrong > 0 {
		c.found("rollup", adviceRollup, "%d sums of the roll-up differ from the calls, the first in the quarter hour that begins %s", wrong, timeText(first*Quarter))
	}
	if n := c.number(`SELECT count(*) FROM (SELECT DISTINCT quarter FROM rollup)`); n != quarters && wrong == 0 {
		c.found("rollup", adviceRollup, "the roll-up covers %d quarter hours, the calls %d", n, quarters)
	}
	if n := c.number(`SELECT count(*) FROM (SELECT profile, n FROM profile_total EXCEPT SELECT profile, sum(n) FROM rollup GROUP BY profile
		UNION ALL SELECT * FROM (SELECT profile, sum(n) FROM rollup GROUP BY profile EXCEPT SELECT profile, n FROM profile_total))`); n > 0 {
		c.found("rollup", adviceRollup, "%d totals of profiles differ from the roll-up", n)
	}
	if n := c.number(`SELECT count(*) FROM delay d WHERE NOT EXISTS (SELECT 1 FROM rollup r WHERE r.quarter = d.quarter AND r.profile = d.profile)`); n > 0 {
		c.found("rollup", adviceRollup, "%d distributions of delays belong to no cell of the roll-up", n)
	}
}

// callerMarks sum up, by quarter hour, a mark of each call that stands for its caller
// and profile: in whatever order, the same calls have the same sum.
type callerMarks map[int64]uint64

func (m callerMarks) add(caller []byte, quarter, profile, n int64) {
	mark := (uint64(keyHash("caller", viewOfText(caller))) ^ uint64(profile)*0x9E3779B97F4A7C15) * 0xD6E8FEB86659FD93
	if m[quarter] += uint64(n) * (mark ^ mark>>32); m[quarter] == 0 {
		delete(m, quarter)
	}
}

// callers holds the counts by caller against the calls' marks.
func (c *checker) callers(m callerMarks) {
	c.each(`SELECT part, first, last, data FROM caller_count`, func(r *sql.Rows) error {
		var part, first, last int64
		var data sql.RawBytes
		if err := r.Scan(&part, &first, &last, &data); err != nil {
			return err
		}
		var buf [16]byte
		misplaced := false
		err := unpackCallers(data, math.MinInt64, math.MaxInt64, func(e *CallerEntry) {
			text := e.Text
			if e.Caller != 0 {
				text = e.Caller.AppendText(buf[:0])
			}
			misplaced = misplaced || int64(e.part()) != part || e.Quarter < first || e.Quarter > last
			m.add(text, e.Quarter, e.Profile, -e.N)
		})
		if err == nil && misplaced {
			err = errCallerPack
		}
		if errors.Is(err, errCallerPack) {
			c.found("rollup", adviceRollup, "%v", err)
			return nil
		}
		return err
	})
	if len(m) > 0 {
		first := slices.Min(slices.Collect(maps.Keys(m)))
		c.found("rollup", adviceRollup, "counts by caller differ from the calls in %d quarter hours, the first begins %s", len(m), timeText(first*Quarter))
	}
}

func (s *sums) add(a *Attempt, quarter, profile int64) {
	cell := s.cells[profile]
	cell.N++
	if a.Talk >= 0 && a.Profile.Outcome == codes.Answered {
		cell.Talked++
		cell.TalkMS += a.Talk
		if a.Talk < shortCallMS {
			cell.Short++
		}
	}
	s.cells[profile] = cell
	for kind, ms := range a.delays() {
		if ms >= 0 {
			s.delays[Delay{Time: quarter, Profile: profile, Kind: DelayKind(kind), Bucket: DelayBucket(ms)}]++
		}
	}
}

// compareQuarter counts the sums of a quarter hour that are not as they should be.
func (c *checker) compareQuarter(quarter int64, want sums) (wrong int64) {
	if c.err != nil {
		return 0
	}
	cells, delays := 0, 0
	c.err = eachRow(c.ctx, c.tx, `SELECT profile, n, talked, talk_ms, short FROM rollup WHERE quarter = ?`, []any{quarter}, func(r *sql.Rows) error {
		var profile int64
		var cell Cell
		err := r.Scan(&profile, &cell.N, &cell.Talked, &cell.TalkMS, &cell.Short)
		if w, ok := want.cells[profile]; !ok || w != cell {
			wrong++
		}
		cells++
		return err
	})
	if c.err != nil {
		return wrong
	}
	c.err = eachRow(c.ctx, c.tx, `SELECT profile, kind, bucket, n FROM delay WHERE quarter = ?`, []any{quarter}, func(r *sql.Rows) error {
		k := Delay{Time: quarter}
		var n int64
		err := r.Scan(&k.Profile, &k.Kind, &k.Bucket, &n)
		if want.delays[k] != n {
			wrong++
		}
		delays++
		return err
	})
	return wrong + int64(max(0, len(want.cells)-cells)) + int64(max(0, len(want.delays)-delays))
}

func timeText(us int64) string {
	return time.UnixMicro(us).UTC().Format("2006-01-02 15:04 UTC")
}
