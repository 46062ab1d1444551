package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"callsift/store/codes"
)

// Profiles reads all profiles by id. They are shared: not to be changed.
func (db *DB) Profiles(ctx context.Context) (all map[int64]*Profile, err error) {
	err = db.snapshot(ctx, func(tx *sql.Tx) error {
		all, err = db.profilesIn(tx)
		return err
	})
	return all, err
}

// Filter selects attempts. Zero values do not restrict.
type Filter struct {
	From, To int64          // [From, To) microseconds UTC
	Profiles map[int64]bool // only these; nil: all
	Limit    int            // at most so many, in order of time
	Newest   bool           // from the end of the period backwards
	Listed   bool           // for people: rows of one moment in an order that imports do not show in, as with Limit
	Key      string         // rows with this native id or bundle key, and the calls of such rows
	ID       int64          // the row with this id

	bundle int64 // rows of a bundle
}

// maxProfilesAsked is how many profiles are named in a statement.
const maxProfilesAsked = 500

// Attempts hands the rows that match to f, in order of time. Their profiles
// are read with them.
func (db *DB) Attempts(ctx context.Context, filter Filter, f func(*Attempt) error) error {
	where, args := []string{"a.start >= ?", "a.start < ?"}, []any{filter.From, filter.To}
	if filter.To == 0 {
		args[1] = int64(1) << 62
	}
	join := ""
	if filter.Key != "" {
		where = append(where, "(a.native_id = ? OR a.id IN (SELECT call FROM attempt WHERE native_id = ? AND call <> 0) OR a.bundle <> 0 AND a.bundle IN (SELECT b.id FROM bundle_key k JOIN bundle b ON b.id = k.bundle WHERE k.hash IN (?, ?) AND b.key = ?))")
		args = append(args, filter.Key, filter.Key, keyHash("sip", filter.Key), keyHash("cdr", filter.Key), filter.Key)
	}
	if filter.ID != 0 {
		where, args = append(where, "a.id = ?"), append(args, filter.ID)
	}
	if filter.bundle != 0 {
		where, args = append(where, "a.bundle = ? AND a.bundle <> 0"), append(args, filter.bundle)
	}
	if n := len(filter.Profiles); filter.Profiles != nil && n <= maxProfilesAsked {
		// In the statement, rows of other profiles are passed over without being read.
		ids := make([]string, 0, n)
		for _, id := range slices.Sorted(maps.Keys(filter.Profiles)) {
			if filter.Profiles[id] {
				ids = append(ids, strconv.FormatInt(id, 10))
			}
		}
		where = append(where, "+a.profile IN ("+strings.Join(ids, ",")+")")
	}
	order := "a.start"
	if filter.Newest {
		order = "a.start DESC"
	}
	if filter.Listed || filter.Limit > 0 {
		order += ", a.native_id, a.caller, a.callee, a.talk_ms, a.setup_ms"
	}
	order += ", a.id"
	query := `SELECT a.id, a.call, a.bundle, a.profile, a.start, a.caller, a.callee, a.native_id, coalesce(b.key, a.native_id), a.pdd_ms, a.setup_ms, a.talk_ms, a.delays, a.legs, a.source, a.offset, a.length, a.line
		FROM attempt a LEFT JOIN bundle b ON b.id = a.bundle` + join + ` WHERE ` + strings.Join(where, " AND ") + ` ORDER BY ` + order
	left := filter.Limit
	return db.snapshot(ctx, func(tx *sql.Tx) error {
		profiles, err := db.profilesIn(tx)
		if err != nil {
			return err
		}
		err = eachRow(ctx, tx, query, args, func(r *sql.Rows) error {
			var a Attempt
			var profile int64
			var delays sql.RawBytes
			if err := r.Scan(&a.ID, &a.Call, &a.Bundle, &profile, &a.Start, &a.Caller, &a.Callee, &a.NativeID, &a.Key, &a.PDD, &a.Setup, &a.Talk, &delays, &a.Legs, &a.Source, &a.Offset, &a.Length, &a.Line); err != nil {
				return err
			}
			a.unpackDelays(delays)
			if filter.Profiles != nil && !filter.Profiles[profile] {
				return nil
			}
			if p := profiles[profile]; p != nil {
				a.Profile = *p
			}
			if err := f(&a); err != nil {
				return err
			}
			if left--; left == 0 {
				return errStop
			}
			return nil
		})
		if errors.Is(err, errStop) {
			return nil
		}
		return err
	})
}

var errStop = errors.New("enough rows")

// CallID is the name that callsift shows for a call: its start in UTC and four
// letters made from its own id. It is the same wherever and in whatever order
// the call was imported.
func (a *Attempt) CallID() string {
	id := a.NativeID
	if a.Key != "" {
		id = a.Key
	}
	h := uint64(keyHash("id", id)) ^ uint64(a.Start%1_000_000)*0x9E3779B97F4A7C15
	const letters = "23456789abcdefghjkmnpqrstvwxyz"
	var tail [4]byte
	for i := range tail {
		tail[i] = letters[h%uint64(len(letters))]
		h /= uint64(len(letters))
	}
	return time.UnixMicro(a.Start).UTC().Format(callIDTime) + "-" + string(tail[:])
}

const callIDTime = "20060102T150405"

// Find lists the rows (calls and attempts) that id names: a call id as CallID
// gives it, or the SIP Call-ID, uniqueid or OM id of the record itself.
func (db *DB) Find(ctx context.Context, id string) ([]Attempt, error) {
	var found []Attempt
	if head, _, ok := strings.Cut(id, "-"); ok {
		if t, err := time.Parse(callIDTime, head); err == nil {
			from := t.UnixMicro()
			err := db.Attempts(ctx, Filter{From: from, To: from + 1_000_000}, func(a *Attempt) error {
				if a.CallID() == id && a.Call == 0 {
					found = append(found, *a)
				}
				return nil
			})
			if err != nil || len(found) > 0 {
				return found, err
			}
		}
	}
	return db.findKey(ctx, id)
}

// findKey lists the calls that have id themselves or in one of their attempts.
func (db *DB) findKey(ctx context.Context, id string) ([]Attempt, error) {
	var found []Attempt
	callsOf := map[int64]bool{} // calls of which an attempt has id
	err := db.Attempts(ctx, Filter{Key: id}, func(a *Attempt) error {
		if a.Call == 0 {
			found = append(found, *a)
		} else {
			callsOf[a.Call] = true
		}
		return nil
	})
	for _, a := range found {
		delete(callsOf, a.ID)
	}
	for _, call := range slices.Sorted(maps.Keys(callsOf)) {
		if err != nil {
			break
		}
		err = db.Attempts(ctx, Filter{ID: call}, func(a *Attempt) error {
			found = append(found, *a)
			return nil
		})
	}
	if err == nil && len(found) == 0 {
		return db.joinedAs(ctx, id)
	}
	return found, err
}

// BundleEvidence reads the packed records of a bundle, with its kind.
func (db *DB) BundleEvidence(ctx context.Context, bundle int64) (kind string, list []Evidence, err error) {
	err = db.each(ctx, `SELECT b.kind, e.source, s.format, e.data FROM evidence e JOIN bundle b ON b.id = e.bundle JOIN source s ON s.id = e.source WHERE e.bundle = ? ORDER BY e.source, e.rowid`, []any{bundle}, func(r *sql.Rows) error {
		var e Evidence
		err := r.Scan(&kind, &e.Source, &e.Format, &e.Data)
		list = append(list, e)
		return err
	})
	return kind, list, err
}

// Sources lists the import ledger in the order of the paths.
func (db *DB) Sources(ctx context.Context) ([]Source, error) {
	var list []Source
	err := db.each(ctx, `SELECT id, path, sha256, size, format, state, messages, cdrs, events, rejected, doubled, first_time, last_time, tz, tz_from, note FROM source ORDER BY path, id`, nil, func(r *sql.Rows) error {
		return appendSource(&list, r)
	})
	return list, err
}

const (
	sourceBySHA = `SELECT id, path, format, state FROM source WHERE sha256 = ? AND state IN ('imported', 'partial') LIMIT 1`
	hasSize     = `SELECT 1 FROM source WHERE size = ? AND state IN ('imported', 'partial') LIMIT 1`
)

// SourceBySHA finds a source that was read with these bytes; ok is false if none was.
func (db *DB) SourceBySHA(ctx context.Context, sha string) (s Source, ok bool, err error) {
	err = db.each(ctx, sourceBySHA, []any{sha}, func(r *sql.Rows) error {
		ok = true
		return r.Scan(&s.ID, &s.Path, &s.Format, &s.State)
	})
	return s, ok, err
}

// Seams lists where sources go on into one another.
func (db *DB) Seams(ctx context.Context) ([]Seam, error) {
	var list []Seam
	err := db.each(ctx, seamQuery, nil, func(r *sql.Rows) error {
		s, err := scanSeam(r)
		list = append(list, s)
		return err
	})
	return list, err
}

// HasSize reports whether a source of so many bytes was read: only then can a
// file of that size be one that was imported before.
func (db *DB) HasSize(ctx context.Context, size int64) (ok bool, err error) {
	err = db.each(ctx, hasSize, []any{size}, func(*sql.Rows) error {
		ok = true
		return nil
	})
	return ok, err
}

// Reject is input that could not be used.
type Reject struct {
	Path    string
	Line    int64
	Offset  int64
	Reason  string
	Sample  string
	Records int64
}

// Rejects lists rejected input in the order of the sources.
func (db *DB) Rejects(ctx context.Context) ([]Reject, error) {
	var list []Reject
	err := db.each(ctx, `SELECT s.path, r.line, r.offset, r.reason, r.sample, r.records FROM reject r JOIN source s ON s.id = r.source ORDER BY s.path, r.line, r.offset, r.reason`, nil, func(r *sql.Rows) error {
		var x Reject
		err := r.Scan(&x.Path, &x.Line, &x.Offset, &x.Reason, &x.Sample, &x.Records)
		list = append(list, x)
		return err
	})
	return list, err
}

// Warning is a remark about a source.
type Warning struct {
	Path string
	Line int64
	Text string
}

// Warnings lists the remarks about all sources.
func (db *DB) Warnings(ctx context.Context) ([]Warning, error) {
	var list []Warning
	err := db.each(ctx, `SELECT s.path, w.line, w.text FROM warning w JOIN source s ON s.id = w.source ORDER BY s.path, w.line, w.text`, nil, func(r *sql.Rows) error {
		var x Warning
		err := r.Scan(&x.Path, &x.Line, &x.Text)
		list = append(list, x)
		return err
	})
	return list, err
}

// Events lists what devices reported in [from, to), microseconds UTC, in order
// of time. Sources may overlap: of events that say the same at the same time, as
// many are listed as the source with the most of them has.
func (db *DB) Events(ctx context.Context, from, to int64) ([]Event, error) {
	if to == 0 {
		to = 1 << 62
	}
	var list []Event
	var last Event
	var kept, own int // listed of this event, and seen of it in its source
	err := db.each(ctx, `SELECT time, kind, device, subject, code, text, source, offset, line FROM event WHERE time >= ? AND time < ?
		ORDER BY time, device, kind, subject, code, text, source, offset`, []any{from, to}, func(r *sql.Rows) error {
		var e Event
		err := r.Scan(&e.Time, &e.Kind, &e.Device, &e.Subject, &e.Code, &e.Text, &e.Source, &e.Offset, &e.Line)
		same := last
		same.Source, same.Offset, same.Line = e.Source, e.Offset, e.Line
		switch {
		case e != same || e.Time == 0: // without a time nothing tells that they are the same
			kept, own = 0, 0
		case e.Source != last.Source:
			own = 0
		}
		last = e
		if own++; own > kept {
			kept++
			list = append(list, e)
		}
		return err
	})
	return list, err
}

// MessageCount counts messages of one method or status, as seen.
type MessageCount struct {
	Method string // "" for a response
	Status int
	N      int64
}

// Ledger is the counting ledger of the whole database.
type Ledger struct {
	Steps    Steps
	Outcomes map[codes.Outcome]int64 // of the INVITE calls
	Calls    int64                   // INVITE calls, from the rows
	Attempts int64                   // INVITE attempts, from the rows
	Requests map[string]int64        // requests of other methods, at call scope
	Messages []MessageCount
	Events   int64
	CDRs     int64
	Doubled  int64
	Copies   int64 // CDRs that another source holds in another format
	Joined   int64 // calls known from records that are SIP calls as well
	Rejected int64
	Sources  int64
}

// Ledger reads the counting ledger.
func (db *DB) Ledger(ctx context.Context) (Ledger, error) {
	l := Ledger{Outcomes: map[codes.Outcome]int64{}, Requests: map[string]int64{}}
	err := db.snapshot(ctx, func(tx *sql.Tx) error {
		if err := eachRow(ctx, tx, `SELECT step, n FROM ledger`, nil, func(r *sql.Rows) error {
			var name string
			var n int64
			err := r.Scan(&name, &n)
			for i, s := range stepNames {
				if s == name {
					l.Steps[i] = n
				}
			}
			return err
		}); err != nil {
			return err
		}
		n, err := profileCounts(ctx, tx)
		if err != nil {
			return err
		}
		if err := eachProfile(tx, func(p *Profile) { l.addProfile(p, n[p.ID]) }); err != nil {
			return err
		}
		if err := eachRow(ctx, tx, `SELECT method, status, sum(n) FROM message_count GROUP BY method, status ORDER BY method DESC, status`, nil, func(r *sql.Rows) error {
			var m MessageCount
			err := r.Scan(&m.Method, &m.Status, &m.N)
			l.Messages = append(l.Messages, m)
			return err
		}); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT count(*), coalesce(sum(cdrs), 0), coalesce(sum(doubled), 0), coalesce(sum(events), 0), coalesce(sum(rejected), 0), (SELECT count(*) FROM joint WHERE rule = 'record') FROM source`).Scan(&l.Sources, &l.CDRs, &l.Doubled, &l.Events, &l.Rejected, &l.Joined)
	})
	return l, err
}

func (l *Ledger) addProfile(p *Profile, n int64) {
	if n == 0 {
		return
	}
	if p.Flags&codes.FlagSameRecord != 0 {
		l.Copies += n
	}
	if p.Method != "INVITE" {
		if p.Scope >= ScopeCall {
			l.Requests[p.Method] += n
		}
		return
	}
	if p.Scope >= ScopeCall {
		l.Calls += n
		l.Outcomes[p.Outcome] += n
	}
	if p.Scope&ScopeLeg != 0 {
		l.Attempts += n
	}
}

// profileCounts is how many rows each profile counts.
func profileCounts(ctx context.Context, tx *sql.Tx) (map[int64]int64, error) {
	n := map[int64]int64{}
	err := eachNumbers(ctx, tx, `profile, n`, `profile_total`, nil, 2, func(v []int64, _ int) { n[v[0]] = v[1] })
	return n, err
}

// each runs f for every row of a query in a snapshot of its own.
func (db *DB) each(ctx context.Context, query string, args []any, f func(*sql.Rows) error) error {
	return db.snapshot(ctx, func(tx *sql.Tx) error { return eachRow(ctx, tx, query, args, f) })
}

func eachRow(ctx context.Context, tx *sql.Tx, query string, args []any, f func(*sql.Rows) error) error {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Excluded counts the INVITE calls that the headline figures leave out, by why:
// scanner, truncated_start, orphan. A call may be in more than one.
func (db *DB) Excluded(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{"scanner": 0, "truncated_start": 0, "orphan": 0}
	err := db.snapshot(ctx, func(tx *sql.Tx) error {
		n, err := profileCounts(ctx, tx)
		if err != nil {
			return err
		}
		return eachProfile(tx, func(p *Profile) {
			if p.Method != "INVITE" || p.Scope < ScopeCall {
				return
			}
			for name, on := range map[string]bool{"scanner": p.Scanner, "truncated_start": p.Flags&codes.FlagTruncatedStart != 0, "orphan": p.Flags&codes.FlagOrphan != 0} {
				if on {
					out[name] += n[p.ID]
				}
			}
		})
	})
	return out, err
}

// SchemaVersion is the schema that this binary writes.
func SchemaVersion() int { return latestVersion() }

const shorterSources = `SELECT id, path, sha256, size, format, state, messages, cdrs, events, rejected, doubled, first_time, last_time, tz, tz_from, note FROM source
	WHERE path IN (?, ?) AND size > 0 AND size < ? AND state IN ('imported', 'partial') ORDER BY size, id`

// Shorter lists the sources with one of two paths that were read and had fewer
// bytes than size, by size.
func (db *DB) Shorter(ctx context.Context, paths []string, size int64) ([]Source, error) {
	var list []Source
	err := db.each(ctx, shorterSources, []any{paths[0], paths[1], size}, func(r *sql.Rows) error { return appendSource(&list, r) })
	return list, err
}

// Shorter is that of DB, with the sources of this import that have ended.
func (im *Import) Shorter(paths []string, size int64) ([]Source, error) {
	var list []Source
	im.query(shorterSources, []any{paths[0], paths[1], size}, func(r *sql.Rows) error { return appendSource(&list, r) })
	return list, im.Err()
}

func appendSource(list *[]Source, r *sql.Rows) error {
	var s Source
	err := r.Scan(&s.ID, &s.Path, &s.SHA256, &s.Size, &s.Format, &s.State, &s.Messages, &s.CDRs, &s.Events, &s.Rejected, &s.Doubled, &s.First, &s.Last, &s.TZ, &s.TZFrom, &s.Note)
	*list = append(*list, s)
	return err
}
