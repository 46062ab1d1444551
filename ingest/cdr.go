package ingest

import (
	"cmp"
	"hash/fnv"
	"slices"

	"callsift/store"
	"callsift/store/codes"
)

// cdrWriter stores records that stand alone. A record of an overlapping export
// is the same call: the file's n-th copy of a row counts only if no other
// source has brought n of them (identical rows of one file are different calls).
type cdrWriter struct {
	im     *store.Import
	format string
	names  *namer
	others [][2]int64 // times that earlier sources of this format cover, in order
	copies copyCounts
	row    store.Attempt
}

func newCDRWriter(im *store.Import, format string, names *namer) *cdrWriter {
	return &cdrWriter{im: im, format: format, names: names, others: im.Ranges(format)}
}

func (w *cdrWriter) single(r *CDR) {
	fillAttempt(&w.row, r, w.format)
	if len(w.names.prefixes) > 0 {
		w.names.label(&w.row)
	}
	w.row.Source = w.im.Source.ID
	if w.shared(r.Start) && w.known(&w.row) {
		w.im.Double(&w.row)
		return
	}
	w.im.Add(&w.row)
}

// shared reports whether another source covers time t as well: the only place
// where a record can have been seen before.
func (w *cdrWriter) shared(t int64) bool {
	i, _ := slices.BinarySearchFunc(w.others, t, func(r [2]int64, t int64) int { return cmp.Compare(r[1], t) })
	return i < len(w.others) && w.others[i][0] <= t
}

func (w *cdrWriter) known(a *store.Attempt) bool {
	have := w.im.Same(a)
	if have == 0 {
		return false
	}
	n := w.copies.of(copyHash(a), func() int64 { return w.im.DoubledAlready(a) })
	*n++
	return *n <= have
}

// attemptOfCDR is a record as an attempt that is a call of its own.
func attemptOfCDR(r *CDR, format string) (a store.Attempt) {
	fillAttempt(&a, r, format)
	return a
}

// fillAttempt is attemptOfCDR in place: an attempt is a thousand bytes.
func fillAttempt(a *store.Attempt, r *CDR, format string) {
	a.Start, a.Caller, a.Callee, a.NativeID = r.Start, r.Caller, r.Callee, r.ID
	a.PDD, a.Alert, a.Media, a.Setup, a.Talk, a.Bye, a.Legs = -1, -1, -1, -1, -1, -1, 1
	a.Offset, a.Length, a.Line = r.Offset, int64(r.Length), int64(r.Line)
	p := &a.Profile
	p.Scope, p.Method, p.Outcome = store.ScopeBoth, "INVITE", r.Outcome
	p.Code, p.Origin, p.Reason = r.Code, codes.Observed, r.Reason
	if r.Code == codes.Unknown {
		p.Origin = codes.NoOrigin
	}
	p.CauseQ850, p.CauseFrom, p.Flags = r.CauseQ850, codes.NoOrigin, r.Flags
	if r.CauseQ850 >= 0 {
		p.CauseFrom = codes.Observed
	}
	p.FromAddr, p.TrunkHint, p.DirHint = r.Peer, r.Trunk, r.Direction
	p.PrefixHint, _ = codes.Prefix(r.Callee)
	p.UserAgent, p.DeviceHint, p.Format = r.UserAgent, r.Device, format
	switch {
	case r.Outcome == codes.Answered:
		a.Talk = r.Talk
		if r.Answer > r.Start && r.Start > 0 {
			a.Setup = (r.Answer - r.Start) / 1000
		}
	case r.End > r.Start && r.Start > 0:
		a.Setup = (r.End - r.Start) / 1000
	}
}

// addCDR packs a record that has other legs.
func (p *packer) addCDR(r *CDR) {
	h := fnv.New64a()
	h.Write([]byte(r.Recorded))
	p.addLinked(&linkedCDR{CDR: *r, hash: h.Sum64()})
}

// addLinked packs a record whose hash is known.
func (p *packer) addLinked(r *linkedCDR) {
	if len(p.buf) == 0 {
		p.buf = append(p.buf, packVersion)
	}
	for _, n := range [...]int64{r.Offset, int64(r.Length), int64(r.Line), r.Start, r.Answer, r.End, r.Talk, int64(r.Code), int64(r.CauseQ850), int64(r.Flags), int64(r.hash)} {
		p.num(n)
	}
	for _, s := range [...]string{r.ID, r.Role, r.Caller, r.Callee, r.CallID, r.Trunk, r.Peer, string(r.Direction), r.Device, r.UserAgent, string(r.Outcome), r.Reason} {
		if len(s) > maxText {
			s = clipText([]byte(s))
		}
		p.text(s)
	}
}

// linkedCDR is a record of a bundle with where it was seen.
type linkedCDR struct {
	CDR
	source int64
	hash   uint64 // of the raw record
	format string // of the source; where it matters
}

func unpackCDRs(list []linkedCDR, source int64, data []byte) []linkedCDR {
	if len(data) == 0 || data[0] != packVersion {
		return list
	}
	u := unpacker{buf: string(data), at: 1} // a copy: callers keep records
	for u.more() {
		r := linkedCDR{source: source}
		r.Offset, r.Length, r.Line = u.num(), int(u.num()), int(u.num())
		r.Start, r.Answer, r.End, r.Talk = u.num(), u.num(), u.num(), u.num()
		r.Code, r.CauseQ850, r.Flags = int(u.num()), int(u.num()), codes.Flags(u.num())
		r.hash = uint64(u.num())
		var direction, outcome string
		for _, s := range [...]*string{&r.ID, &r.Role, &r.Caller, &r.Callee, &r.CallID, &r.Trunk, &r.Peer, &direction, &r.Device, &r.UserAgent, &outcome, &r.Reason} {
			*s = u.text()
		}
		r.Direction, r.Outcome = codes.Direction(direction), codes.Outcome(outcome)
		if !u.bad {
			list = append(list, r)
		}
	}
	return list
}

// assembleCDRs folds records with one link into calls: rows as Replace wants
// them, the call first, then its attempts.
func assembleCDRs(evidence []store.Evidence, format string) (calls [][]store.Attempt, steps store.Steps, links [][2]string) {
	var all []linkedCDR
	for _, e := range evidence {
		n := len(all)
		all = unpackCDRs(all, e.Source, e.Data)
		for i := range all[n:] {
			all[n+i].format = e.Format
		}
	}
	records := oneFormatEach(distinct(all))
	steps[store.StepRecords] = int64(len(all))
	steps[store.StepSameRecords] = int64(len(all) - len(records))
	// The n-th record of every role belongs to the n-th call.
	var groups [][]linkedCDR
	seen := map[string]int{}
	for _, r := range records {
		n := 0
		if r.Role != "" {
			n = seen[r.Role]
			seen[r.Role]++
		}
		if n == len(groups) {
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], r)
	}
	for _, g := range groups {
		calls = append(calls, callOfCDRs(g, format))
	}
	return calls, steps, recordLinks(records)
}

// distinct drops records that several sources brought: of equal ones as many
// stay as the source with the most of them has. The order of the result does
// not depend on the sources.
func distinct(all []linkedCDR) []linkedCDR {
	type copyOf struct {
		hash   uint64
		source int64
	}
	have := map[copyOf]int{}
	most := map[uint64]int{}
	for _, r := range all {
		k := copyOf{r.hash, r.source}
		have[k]++
		most[r.hash] = max(most[r.hash], have[k])
	}
	slices.SortFunc(all, func(a, b linkedCDR) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End), cmp.Compare(a.Role, b.Role), cmp.Compare(a.ID, b.ID), cmp.Compare(a.hash, b.hash), cmp.Compare(a.source, b.source), cmp.Compare(a.Offset, b.Offset))
	})
	var kept []linkedCDR
	for _, r := range all {
		if most[r.hash] > 0 {
			most[r.hash]--
			kept = append(kept, r)
		}
	}
	return kept
}

// callOfCDRs makes one call of its records: answered if one of them is, else
// what the last one to end says.
func callOfCDRs(records []linkedCDR, format string) []store.Attempt {
	rows := make([]store.Attempt, 0, len(records)+1)
	decides := &records[0]
	for i := range records {
		r := &records[i]
		if better(r, decides) {
			decides = r
		}
	}
	call := attemptOfCDR(&decides.CDR, format)
	call.Source, call.NativeID = decides.source, records[0].ID
	call.Start, call.Legs = records[0].Start, len(records)
	if len(records) == 1 {
		return append(rows, call)
	}
	call.Profile.Scope = store.ScopeCall
	failed := false
	for i := range records {
		r := &records[i]
		if r.Trunk != "" && call.Profile.TrunkHint == "" {
			call.Profile.TrunkHint = r.Trunk
		}
		if r.Direction == codes.Internal { // an internal call's second record says "in"
			call.Profile.DirHint = codes.Internal
		}
		failed = failed || r.Outcome == codes.Failed
	}
	call.Caller = records[0].Caller
	if failed && (call.Profile.Outcome == codes.Answered || call.Profile.Outcome == codes.User) {
		call.Profile.Flags |= codes.FlagRecovered
	}
	rows = append(rows, call)
	for i := range records {
		leg := attemptOfCDR(&records[i].CDR, format)
		leg.Source, leg.Profile.Scope = records[i].source, store.ScopeLeg
		rows = append(rows, leg)
	}
	return rows
}

// better reports whether a says more about the call's end than b.
func better(a, b *linkedCDR) bool {
	if x, y := a.Outcome == codes.Answered, b.Outcome == codes.Answered; x != y {
		return x
	}
	if a.Outcome == codes.Answered && a.Talk != b.Talk {
		return a.Talk > b.Talk
	}
	return a.End > b.End
}
