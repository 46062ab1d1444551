package store

import (
	"cmp"
	"database/sql"
	"encoding/binary"
	"slices"
)

// Step is one line of the counting ledger: what became of the messages and
// records on their way to calls.
type Step int

// The steps. Append only: they are stored by place.
const (
	StepMessages        Step = iota // SIP messages as seen
	StepDuplicates                  // of them: the same message seen twice (R14)
	StepRetransmissions             // of them: sent again (R7)
	StepUnusable                    // of them: not to be used for figures (RFC 3261 discards them)
	StepTransactions                // what remains, grouped by request and hop
	StepFolded                      // transactions folded into an attempt: challenge answered (R1), digits added (R6)
	StepInDialog                    // transactions inside a dialog: BYE, re-INVITE, PRACK ... (R8)
	StepAcks                        // ACKs of 2xx
	StepCancels                     // CANCELs
	StepOrphans                     // transactions of dialogs whose start was not seen
	StepRequests                    // requests of other methods, per hop
	StepAttempts                    // INVITE attempts: what remains
	StepHops                        // attempts that relay another one of the same call (R9)
	StepFurther                     // attempts beside or after the first: redirects, failovers, forks (R2, R12, R13)
	StepJoined                      // calls of other Call-IDs that are legs of the same call (R11)
	StepCalls                       // INVITE calls: what remains
	StepRecords                     // linked CDRs as read
	StepSameRecords                 // of them: the same record in another source
	stepCount
)

var stepNames = [stepCount]string{
	"messages", "duplicates", "retransmissions", "unusable", "transactions", "folded", "in_dialog", "acks", "cancels",
	"orphans", "requests", "attempts", "hops", "further", "joined", "calls", "records", "same_records",
}

func (s Step) String() string { return stepNames[s] }

// Steps counts by Step.
type Steps [stepCount]int64

// Evidence is a part of a bundle's records as packed by the write side.
type Evidence struct {
	Source int64
	Format string // of the source
	Data   []byte
	row    int64 // order within the source
}

// bundleRow is a new bundle; it becomes a row with its result, since nearly
// every bundle gets one at once. For a bundle that has a row, stored or queued
// before this one, it changes what it says.
type bundleRow struct {
	id        int64 // 0: none
	kind, key string
	settled   bool
	steps     []byte
}

// onlyUnsettle as the kind of a row changes that alone in the row that is there.
const onlyUnsettle = "unsettle"

const bundleConflict = `ON CONFLICT (id) DO UPDATE SET settled = excluded.settled, steps = CASE excluded.kind WHEN '` + onlyUnsettle + `' THEN steps ELSE excluded.steps END`

// closeBundle makes the open bundle a row.
func (im *Import) closeBundle() {
	if im.open.id != 0 {
		im.bundleRow(im.open)
		im.open.id = 0
	}
}

func (im *Import) bundleRow(r bundleRow) {
	b := &im.bundles
	b.begin()
	b.number(r.id)
	b.text(r.kind)
	b.text(r.key)
	b.bool(r.settled)
	b.blob(r.steps)
}

// HasBundles reports whether there is, or was, any bundle.
func (im *Import) HasBundles() bool { return im.nextBundle > 0 }

// AddEvidence appends records of the import's source to a bundle.
func (im *Import) AddEvidence(bundle int64, data []byte) {
	b := &im.evidence
	b.begin()
	b.number(bundle)
	b.number(im.Source.ID)
	b.blob(data)
}

// Evidence reads all records of a bundle; fresh tells that it was never assembled.
func (im *Import) Evidence(bundle int64) (kind string, fresh bool, list []Evidence) {
	im.query(`SELECT kind, steps = x'' FROM bundle WHERE id = ?`, []any{bundle}, func(r *sql.Rows) error { return r.Scan(&kind, &fresh) })
	im.query(`SELECT e.source, s.format, e.data FROM evidence e JOIN source s ON s.id = e.source WHERE e.bundle = ? ORDER BY e.source, e.rowid`, []any{bundle}, func(r *sql.Rows) error {
		var e Evidence
		err := r.Scan(&e.Source, &e.Format, &e.Data)
		list = append(list, e)
		return err
	})
	return kind, fresh, list
}

// Replace puts the result of assembling a bundle in place of what was there:
// calls, each with its attempts, and the counts of its steps. fresh says that
// the bundle had no result before, so that there is nothing to take out.
func (im *Import) Replace(bundle int64, fresh bool, calls [][]Attempt, steps Steps, settled bool) {
	if !fresh {
		im.removeResult(bundle)
	}
	for _, rows := range calls {
		var call int64
		for i := range rows {
			a := &rows[i]
			a.Bundle, a.Call = bundle, call
			id := im.Add(a)
			if i == 0 {
				call = id
			}
		}
	}
	for s, n := range steps {
		im.ledger[s] += n
	}
	packed := packSteps(im.scratch[:0], &steps)
	if bundle == im.open.id {
		im.open.settled, im.open.steps = settled, packed
		im.closeBundle()
		return
	}
	im.bundleRow(bundleRow{id: bundle, settled: settled, steps: packed})
}

// removeResult takes a bundle's rows out of the table and the roll-ups.
func (im *Import) removeResult(bundle int64) {
	im.query(`SELECT steps FROM bundle WHERE id = ?`, []any{bundle}, func(r *sql.Rows) error {
		var b []byte
		err := r.Scan(&b)
		for s, n := range unpackSteps(b) {
			im.ledger[s] -= n
		}
		return err
	})
	type old struct {
		a       Attempt
		profile int64
	}
	var rows []old
	im.query(`SELECT a.profile, a.start, a.caller, a.pdd_ms, a.setup_ms, a.talk_ms, a.delays, p.scope, p.outcome, p.method, p.code FROM attempt a JOIN profile p ON p.id = a.profile WHERE a.bundle = ? AND a.bundle <> 0`,
		[]any{bundle}, func(r *sql.Rows) error {
			var o old
			var delays sql.RawBytes
			err := r.Scan(&o.profile, &o.a.Start, &o.a.Caller, &o.a.PDD, &o.a.Setup, &o.a.Talk, &delays, &o.a.Profile.Scope, &o.a.Profile.Outcome, &o.a.Profile.Method, &o.a.Profile.Code)
			o.a.unpackDelays(delays)
			rows = append(rows, o)
			return err
		})
	for i := range rows {
		im.count(&rows[i].a, rows[i].profile, -1)
	}
	im.deleteAttempts(`bundle = ? AND bundle <> 0`, bundle)
}

// Unsettle marks a bundle as one to be assembled, again or for the first time.
func (im *Import) Unsettle(bundle int64) {
	if bundle == im.open.id {
		im.open.settled = false
		return
	}
	im.bundleRow(bundleRow{id: bundle, kind: onlyUnsettle})
}

// Records are all records of a bundle.
type Records struct {
	Bundle   int64
	Kind     string
	Key      string
	Fresh    bool // it was never assembled
	Evidence []Evidence
}

// recordsAtOnce bounds the evidence that EachUnsettled reads before it hands it out.
const recordsAtOnce = 1 << 20

// EachUnsettled hands out the bundles that are not settled, by id, each once.
// f may assemble them. Some hundred are read by one query: a query each took
// longer than assembling them.
func (im *Import) EachUnsettled(f func(r *Records)) {
	var list []Records
	var last int64 // id of the last bundle handed out
	for {
		list = list[:0]
		size, more := 0, false
		im.query(`SELECT b.id, b.kind, b.key, b.steps = x'', coalesce(e.source, 0), coalesce(e.rowid, 0), coalesce(e.data, x'') FROM bundle b LEFT JOIN evidence e ON e.bundle = b.id
			WHERE b.settled = 0 AND b.id > ? ORDER BY b.id`, []any{last}, func(r *sql.Rows) error {
			var b Records
			var e Evidence
			if err := r.Scan(&b.Bundle, &b.Kind, &b.Key, &b.Fresh, &e.Source, &e.row, &e.Data); err != nil {
				return err
			}
			if n := len(list); n == 0 || list[n-1].Bundle != b.Bundle {
				if more = size > recordsAtOnce; more {
					return errEnough
				}
				list = append(list, b)
			}
			if e.Source != 0 {
				size += len(e.Data)
				e.Format = im.formatOf(e.Source)
				b := &list[len(list)-1]
				b.Evidence = append(b.Evidence, e)
			}
			return nil
		})
		for i := range list {
			b := &list[i]
			slices.SortFunc(b.Evidence, func(x, y Evidence) int { return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(x.row, y.row)) })
			f(b)
			last = b.Bundle
		}
		if !more || im.err != nil {
			return
		}
	}
}

// formatOf is the format of a source.
func (im *Import) formatOf(source int64) string {
	format, ok := im.formats[source]
	if !ok {
		im.look(`SELECT format FROM source WHERE id = ?`, []any{source}, func(r *sql.Rows) error { return r.Scan(&format) })
		im.formats[source] = format
	}
	return format
}

func packSteps(b []byte, s *Steps) []byte {
	for _, n := range s {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return b
}

func unpackSteps(b []byte) (s Steps) {
	for i := range s {
		n, k := binary.Uvarint(b)
		if k <= 0 {
			return s
		}
		s[i], b = int64(n), b[k:]
	}
	return s
}
