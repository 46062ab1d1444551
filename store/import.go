package store

import (
	"context"
	"database/sql"
	"fmt"
	"sort"
)

// Source is one row of the import ledger.
type Source struct {
	ID       int64
	Path     string
	SHA256   string // hex, of the bytes as found
	Size     int64
	Format   string
	State    State
	Messages int64
	CDRs     int64
	Events   int64
	Rejected int64
	Doubled  int64 // CDRs that another source had brought already
	First    int64 // microseconds UTC, 0: no times
	Last     int64
	TZ       string
	TZFrom   string
	Note     string
}

// Records is how many records the source gave.
func (s *Source) Records() int64 { return s.Messages + s.CDRs + s.Events }

// State says what became of a source.
type State string

// The states of a source.
const (
	Imported   State = "imported"
	Partial    State = "partial"    // damaged: what could be read was
	Unknown    State = "unknown"    // no format recognised
	Empty      State = "empty"      // no bytes
	Duplicate  State = "duplicate"  // the same bytes under another path
	Joined     State = "joined"     // where two rotated sources meet: the record that the rotation cut
	Unreadable State = "unreadable" // could not be opened
)

// listedRejects bounds how many rejects of one source and reason are listed one
// by one; the rest is one row with their number.
const listedRejects = 200

// Import is the transaction that takes in a source, or several one after the
// other: all of them or nothing. After Commit or Rollback it must not be used.
type Import struct {
	Source Source // the one being read; its counts are kept up to date and written by EndSource

	db       *DB
	tx       *sql.Tx
	stmts    map[string]*sql.Stmt
	profiles *profileTable
	cells    []countedCell
	totals   map[int64]int64 // by profile: what its total has changed by
	delays   [delaySlots]countedDelay
	delayed  []countedDelay // what had to leave its slot
	minutes  [minuteSlots]minuteCount
	messages map[messageKey]int64
	statuses [700]int64     // of messages: responses, the half of them, counted without a map
	requests []requestCount // of messages: requests by method, of which there are some ten
	rejects  map[string]*reject
	ledger   [stepCount]int64
	err      error // the first error; later calls do nothing

	// Rows of these tables are stored in the background; exec and query wait for them.
	queue                           *rowQueue
	attempts, bundles, evidence     rowBuffer
	links, events, profiled, keys   rowBuffer
	cellRows, delayRows, minuteRows rowBuffer
	callerRows                      rowBuffer
	callers                         callerCounts
	callersTaken                    bool // an entry takes back another
	nextAttempt, nextBundle         int64
	scratch                         [32]byte
	known                           bundleFilter
	recent                          recentBundles
	newKeys                         []bundleKey
	formats                         map[int64]string // of sources
	covered                         sourceTimes
	joined                          int       // is there a joint: 0 not looked yet, 1 no, 2 yes
	linked                          int       // is there a link: the same
	open                            bundleRow // added, but not yet among the rows
}

type cellKey struct{ quarter, profile int64 }

// delayKey is small: many thousands of them are in memory. Ids of profiles are
// counted from 1, and there are a few hundred buckets (DelayBucket).
type delayKey struct {
	quarter int64
	profile uint32
	bucket  uint16
	kind    uint8
}

type messageKey struct {
	method string
	status int
}

type reject struct {
	n           int64 // beyond the listed ones
	line        int
	offset      int64
	listed      int
	reason, raw string
}

// Begin starts the import of a source and gives it its id. It waits for another
// writer for ten seconds.
func (db *DB) Begin(ctx context.Context, s Source) (*Import, error) {
	hugeHeap()
	tx, err := db.sql.BeginTx(ctx, nil)
	if err != nil {
		return nil, db.explain(err)
	}
	db.importing.Store(true)
	im := &Import{
		Source: s, db: db, tx: tx,
		stmts:    map[string]*sql.Stmt{},
		totals:   map[int64]int64{},
		messages: map[messageKey]int64{},
		rejects:  map[string]*reject{},
		formats:  map[int64]string{},
	}
	im.initBuffers()
	im.query(`SELECT (SELECT coalesce(max(id), 0) FROM attempt), (SELECT coalesce(max(id), 0) FROM bundle)`, nil, func(r *sql.Rows) error {
		return r.Scan(&im.nextAttempt, &im.nextBundle)
	})
	im.known.all = im.nextBundle > 0
	if s.Path != "" {
		im.addSource(&s)
	}
	if im.err == nil {
		im.profiles, im.err = loadProfiles(tx)
	}
	if im.err != nil {
		err := db.explain(im.err)
		im.Rollback()
		return nil, err
	}
	return im, nil
}

// addSource gives the source its row in the ledger.
func (im *Import) addSource(s *Source) {
	// What was tried and gave nothing is tried again: the row is replaced.
	im.exec(`DELETE FROM source WHERE path = ? AND state IN ('unknown', 'empty', 'unreadable', 'duplicate')`, s.Path)
	im.Source.ID = im.insert(`INSERT INTO source (path, sha256, size, format, state, messages, cdrs, events, rejected, doubled, first_time, last_time, tz, tz_from, note)
		VALUES (?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 0, '', '', '')`, s.Path, s.SHA256, s.Size, s.Format, string(s.State))
}

func (im *Import) buffers() [11]*rowBuffer {
	return [...]*rowBuffer{&im.attempts, &im.bundles, &im.evidence, &im.links, &im.events, &im.profiled, &im.keys, &im.cellRows, &im.delayRows, &im.minuteRows, &im.callerRows}
}

func (im *Import) initBuffers() {
	im.queue = newRowQueue(&im.db.early)
	im.attempts.bufferedTable = bufferedTable{name: "attempt", width: 17, rest: `call, bundle, profile, start, caller, callee, native_id, pdd_ms, setup_ms, talk_ms, delays, legs, source, offset, length, line`}
	im.bundles.bufferedTable = bufferedTable{name: "bundle", width: 5, conflict: bundleConflict}
	im.keys.bufferedTable = bufferedTable{name: "bundle_key", width: 2}
	im.evidence.bufferedTable = bufferedTable{name: "evidence", width: 3}
	im.links.bufferedTable = bufferedTable{name: "link", width: 3}
	im.events.bufferedTable = bufferedTable{name: "event", width: 9}
	im.profiled.bufferedTable = bufferedTable{name: "profile", width: 31, conflict: settledConflict}
	im.cellRows.bufferedTable = bufferedTable{name: "rollup", width: 6,
		conflict: `ON CONFLICT (quarter, profile) DO UPDATE SET n = n + excluded.n, talked = talked + excluded.talked, talk_ms = talk_ms + excluded.talk_ms, short = short + excluded.short`}
	im.delayRows.bufferedTable = bufferedTable{name: "delay", width: 5,
		conflict: `ON CONFLICT (quarter, profile, kind, bucket) DO UPDATE SET n = n + excluded.n`}
	im.callerRows.bufferedTable = bufferedTable{name: "caller_count", width: 5}
	im.callers.full = im.storeCallers
	im.minuteRows.bufferedTable = bufferedTable{name: "minute", width: 4,
		conflict: `ON CONFLICT (minute) DO UPDATE SET begun = begun + excluded.begun, answered = answered + excluded.answered, ended = ended + excluded.ended`}
	for _, b := range im.buffers() {
		b.im = im
	}
}

// Err is the first error of any call so far.
func (im *Import) Err() error { return im.db.explain(im.err) }

// fail keeps the first error.
func (im *Import) fail(err error) {
	if im.err == nil {
		im.err = err
	}
}

// Rollback ends the import without a trace.
func (im *Import) Rollback() {
	im.queue.stop()
	im.tx.Rollback()
	im.db.importing.Store(false)
}

// drain waits until all rows so far are stored.
func (im *Import) drain() {
	im.closeBundle()
	waiting := false
	for _, b := range im.buffers() {
		waiting = waiting || b.to != nil
		b.flush()
	}
	if waiting {
		if err := im.queue.wait(); err != nil {
			im.fail(err)
		}
	}
}

// Next begins another source.
func (im *Import) Next(s Source) {
	im.EndSource()
	im.Source = s
	im.addSource(&s)
}

// EndSource writes what is known of the source once it is read.
func (im *Import) EndSource() {
	im.flushRejects()
	for status, n := range im.statuses {
		if n > 0 {
			im.messages[messageKey{"", status}] += n
		}
	}
	clear(im.statuses[:])
	for _, r := range im.requests {
		im.messages[messageKey{r.method, 0}] += r.n
	}
	im.requests = im.requests[:0]
	for k, n := range im.messages {
		im.beside(`INSERT INTO message_count (source, method, status, n) VALUES (?, ?, ?, ?)`, im.Source.ID, k.method, k.status, n)
	}
	clear(im.messages)
	clear(im.rejects)
	im.saveSource()
	im.covered.ended(&im.Source)
}

// saveSource writes the ledger's row of the source.
func (im *Import) saveSource() {
	s := &im.Source
	im.exec(`UPDATE source SET sha256 = ?, size = ?, format = ?, state = ?, messages = ?, cdrs = ?, events = ?, rejected = ?, doubled = ?, first_time = ?, last_time = ?, tz = ?, tz_from = ?, note = ? WHERE id = ?`,
		s.SHA256, s.Size, s.Format, string(s.State), s.Messages, s.CDRs, s.Events, s.Rejected, s.Doubled, s.First, s.Last, s.TZ, s.TZFrom, s.Note, s.ID)
}

// Commit writes what is still buffered and makes the import visible.
func (im *Import) Commit() error {
	im.storeKeys()
	im.flushCells()
	im.flushCallers()
	for step, n := range im.ledger {
		if n != 0 {
			im.beside(`INSERT INTO ledger (step, n) VALUES (?, ?) ON CONFLICT (step) DO UPDATE SET n = n + excluded.n`, Step(step).String(), n)
		}
	}
	im.EndSource()
	im.checkIDs()
	if im.err != nil {
		im.Rollback()
		return im.Err()
	}
	im.queue.stop()
	im.db.importing.Store(false)
	if err := im.tx.Commit(); err != nil {
		im.Rollback()
		return im.db.explain(err)
	}
	if im.db.first {
		// Not an error of the import's: a reader may be in the way; the next one tries again.
		im.db.useLog()
	}
	return nil
}

// deleteAttempts takes rows out of table attempt. SQLite's next id is one over the
// greatest that there is; from now on ours is another and is stored itself.
func (im *Import) deleteAttempts(where string, args ...any) {
	im.exec(`DELETE FROM attempt WHERE `+where, args...)
	if im.attempts.rest != "" {
		im.attempts.rest, im.attempts.to = "", nil
	}
}

// checkIDs makes sure that SQLite gave the rows the ids that we told of them.
func (im *Import) checkIDs() {
	if im.attempts.rest == "" {
		return
	}
	im.query(`SELECT coalesce(max(id), 0) FROM attempt`, nil, func(r *sql.Rows) error {
		var last int64
		if err := r.Scan(&last); err != nil || last == im.nextAttempt {
			return err
		}
		return fmt.Errorf("the last attempt has id %d, want %d", last, im.nextAttempt)
	})
}

// HasSize is that of DB, with the sources of this import that have ended.
func (im *Import) HasSize(size int64) (ok bool, err error) {
	im.look(hasSize, []any{size}, func(*sql.Rows) error {
		ok = true
		return nil
	})
	return ok, im.Err()
}

// SourceBySHA is that of DB, with the sources of this import that have ended.
func (im *Import) SourceBySHA(sha string) (s Source, ok bool, err error) {
	im.look(sourceBySHA, []any{sha}, func(r *sql.Rows) error {
		ok = true
		return r.Scan(&s.ID, &s.Path, &s.Format, &s.State)
	})
	return s, ok, im.Err()
}

// SameBytes finds another source that was read from the same bytes.
func (im *Import) SameBytes(sha string) (path string, ok bool, err error) {
	im.query(`SELECT path FROM source WHERE sha256 = ? AND id <> ? AND state IN ('imported', 'partial')`, []any{sha, im.Source.ID}, func(r *sql.Rows) error {
		ok = true
		return r.Scan(&path)
	})
	return path, ok, im.Err()
}

// Seen widens the source's time range; 0 is no time.
func (im *Import) Seen(t int64) {
	if t == 0 {
		return
	}
	if im.Source.First == 0 || t < im.Source.First {
		im.Source.First = t
	}
	im.Source.Last = max(im.Source.Last, t)
}

// CountSeen counts a SIP message of the source as seen, usable or not: method
// of a request, status of a response.
func (im *Import) CountSeen(method string, status int) {
	if method == "" && uint(status) < uint(len(im.statuses)) {
		im.statuses[status]++
		return
	}
	for i := range im.requests {
		if r := &im.requests[i]; r.method == method {
			r.n++
			return
		}
	}
	if len(im.requests) < maxMethods {
		im.requests = append(im.requests, requestCount{method, 1})
		return
	}
	key := messageKey{method, 0}
	if _, ok := im.messages[key]; !ok && len(im.messages) >= maxKinds {
		key.method = otherText // a hostile source has a method for each message
	}
	im.messages[key]++
}

// maxMethods is how many methods are looked for one by one, as all real ones are.
const maxMethods = 16

// requestCount is how many requests of a method were seen.
type requestCount struct {
	method string
	n      int64
}

// maxKinds bounds the kinds of messages that are counted of a source.
const maxKinds = 1000

// Event stores what a device reported.
func (im *Import) Event(e *Event) {
	im.Source.Events++
	b := &im.events
	b.begin()
	b.number(e.Time)
	b.text(e.Kind)
	b.text(e.Device)
	b.text(e.Subject)
	b.number(int64(e.Code))
	b.text(e.Text)
	b.number(im.Source.ID)
	b.number(e.Offset)
	b.number(e.Line)
}

// Reject counts a record that could not be used and lists it.
func (im *Import) Reject(line int, offset int64, reason string, sample []byte) {
	im.Source.Rejected++
	r := im.rejects[reason]
	if r == nil {
		// Reasons quote what was found; past a bound they are one reason, so
		// that a hostile file cannot fill memory with them.
		if len(im.rejects) >= 1000 {
			reason = "other reasons"
			r = im.rejects[reason]
		}
		if r == nil {
			r = &reject{reason: reason}
			im.rejects[reason] = r
		}
	}
	if r.listed < listedRejects {
		r.listed++
		im.addReject(line, offset, reason, clip(sample), 1)
		return
	}
	if r.n == 0 {
		r.line, r.offset, r.raw = line, offset, clip(sample)
	}
	r.n++
}

func (im *Import) flushRejects() {
	reasons := make([]string, 0, len(im.rejects))
	for reason := range im.rejects {
		reasons = append(reasons, reason)
	}
	sort.Strings(reasons)
	for _, reason := range reasons {
		if r := im.rejects[reason]; r.n > 0 {
			im.addReject(r.line, r.offset, r.reason, r.raw, r.n)
		}
	}
}

func (im *Import) addReject(line int, offset int64, reason, sample string, n int64) {
	im.beside(`INSERT INTO reject (source, line, offset, reason, sample, records) VALUES (?, ?, ?, ?, ?, ?)`, im.Source.ID, line, offset, reason, sample, n)
}

// clip keeps the beginning of a sample, as valid UTF-8.
func clip(b []byte) string {
	if len(b) > 200 {
		b = b[:200]
	}
	return toValid(b)
}

// Warn notes something about the source.
func (im *Import) Warn(line int, text string) {
	im.beside(`INSERT INTO warning (source, line, text) VALUES (?, ?, ?)`, im.Source.ID, line, text)
}
