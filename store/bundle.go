package store

import (
	"database/sql"
	"encoding/binary"
	"hash/fnv"
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
}

// Bundle finds the bundle with this kind and key, or adds it; known tells which.
func (im *Import) Bundle(kind, key string) (id int64, known bool) {
	hash := keyHash(kind, key)
	if im.known.add(hash) {
		im.query(`SELECT id, key, kind FROM bundle WHERE key_hash = ?`, []any{hash}, func(r *sql.Rows) error {
			var k, kd string
			var i int64
			err := r.Scan(&i, &k, &kd)
			if k == key && kd == kind {
				id = i
			}
			return err
		})
		if id != 0 {
			return id, true
		}
	}
	im.closeBundle()
	im.nextBundle++
	im.open = bundleRow{id: im.nextBundle, kind: kind, key: key, hash: hash, settled: true}
	return im.nextBundle, false
}

// bundleRow is a new bundle; it becomes a row with its result, since nearly
// every bundle gets one at once.
type bundleRow struct {
	id, hash  int64 // id 0: none
	kind, key string
	settled   bool
	steps     []byte
}

// closeBundle makes the open bundle a row.
func (im *Import) closeBundle() {
	r := &im.open
	if r.id == 0 {
		return
	}
	b := &im.bundles
	b.begin()
	b.number(r.id)
	b.text(r.kind)
	b.text(r.key)
	b.number(r.hash)
	b.bool(r.settled)
	b.blob(r.steps)
	r.id = 0
}

// bundleFilter tells which bundles may be in the database: a Bloom filter over
// the hashes of their keys, so that the thousands of new ones of a first import
// need no query each. At 4 M bundles every second answer is wrong, and costs
// the query that it could have saved.
type bundleFilter struct {
	all  bool // there were bundles before this import
	bits []uint64
}

const filterBits = 1 << 23 // 1 MiB

// add adds a hash and reports whether it may have been there before.
func (f *bundleFilter) add(hash int64) bool {
	if f.all {
		return true
	}
	if f.bits == nil {
		f.bits = make([]uint64, filterBits/64)
	}
	h, step := uint64(hash), uint64(hash)>>32|1
	had := true
	for range 3 {
		word, bit := &f.bits[h%filterBits/64], uint64(1)<<(h%64)
		had = had && *word&bit != 0
		*word |= bit
		h += step
	}
	return had
}

func keyHash(kind, key string) int64 {
	h := fnv.New64a()
	h.Write([]byte(kind))
	h.Write([]byte{0})
	h.Write([]byte(key))
	return int64(h.Sum64())
}

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
	if bundle == im.open.id {
		im.open.settled, im.open.steps = settled, packSteps(steps)
		im.closeBundle()
		return
	}
	im.exec(`UPDATE bundle SET settled = ?, steps = ? WHERE id = ?`, settled, packSteps(steps), bundle)
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
	im.query(`SELECT a.profile, a.start, a.pdd_ms, a.setup_ms, a.talk_ms, a.delays, p.scope, p.outcome, p.method, p.code FROM attempt a JOIN profile p ON p.id = a.profile WHERE a.bundle = ? AND a.bundle <> 0`,
		[]any{bundle}, func(r *sql.Rows) error {
			var o old
			var delays sql.RawBytes
			err := r.Scan(&o.profile, &o.a.Start, &o.a.PDD, &o.a.Setup, &o.a.Talk, &delays, &o.a.Profile.Scope, &o.a.Profile.Outcome, &o.a.Profile.Method, &o.a.Profile.Code)
			o.a.unpackDelays(delays)
			rows = append(rows, o)
			return err
		})
	for i := range rows {
		im.count(&rows[i].a, rows[i].profile, -1)
	}
	im.exec(`DELETE FROM attempt WHERE bundle = ? AND bundle <> 0`, bundle)
}

// Unsettle marks a bundle as one to be assembled again.
func (im *Import) Unsettle(bundle int64) {
	im.exec(`UPDATE bundle SET settled = 0 WHERE id = ?`, bundle)
}

// Unsettled lists the bundles whose result could change with coverage alone.
func (im *Import) Unsettled() []int64 {
	var list []int64
	im.query(`SELECT id FROM bundle WHERE settled = 0 ORDER BY id`, nil, func(r *sql.Rows) error {
		var id int64
		err := r.Scan(&id)
		list = append(list, id)
		return err
	})
	return list
}

// Watched lists the time ranges of the sources that hold SIP messages, this
// one as far as it was read.
func (im *Import) Watched() [][2]int64 {
	list := im.OtherRanges(true)
	if im.Source.Messages > 0 && im.Source.First > 0 {
		list = append(list, [2]int64{im.Source.First, im.Source.Last})
	}
	return list
}

func packSteps(s Steps) []byte {
	var b []byte
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
