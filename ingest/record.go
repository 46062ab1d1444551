package ingest

import (
	"fmt"
	"strings"

	"callsift/store"
	"callsift/store/codes"
)

// recordColumn is what a column of a table of calls means, whatever its header says.
type recordColumn uint8

// The columns, as far as a CDR has use for them.
const (
	recNone recordColumn = iota
	recStart
	recDate // with recTime, where date and time of the start stand apart
	recTime
	recAnswer
	recEnd
	recDuration
	recTalk
	recCaller
	recCallee
	recClid
	recResult
	recCause
	recCode
	recTrunk
	recDirection
	recContext
	recChannel
	recDstChannel
	recLastApp
	recLastData
	recUnique
	recLinked
	recCallID
	recID
	recDevice
	recPeer
	recAgent
	recordColumns
)

// callRecord is one row of a table of calls: texts by meaning.
type callRecord struct {
	Place
	raw    string
	values [recordColumns]string
	has    [recordColumns]bool // columns that its table has
	cut    bool                // the source ends with it, without a line's end
}

func (r *callRecord) set(c recordColumn, value string) {
	if c != recNone && r.values[c] == "" {
		r.values[c] = cleanValue(value)
	}
}

// cleanValue takes off what exports put around values: blanks, ="0123" (keeps
// Excel from reading a number), and words for nothing.
func cleanValue(s string) string {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, `="`) && strings.HasSuffix(s, `"`) && len(s) > 3 {
		s = s[2 : len(s)-1]
	}
	switch s {
	case "NULL", "null", `\N`, "(null)", "None", "-", "--", "N/A", "n/a":
		return ""
	}
	return s
}

// recordItem is something that waits to be handed out in the order of the source.
type recordItem struct {
	at     Place
	record *callRecord
	cdr    *CDR
	event  *store.Event
	reject string
	sample string
	warns  []string
	key    uint64 // of the uniqueid, 0: none
}

// recordReader makes CDRs of records, whatever they were written in.
type recordReader struct {
	out   Sink
	words bool // the result must be one of Asterisk's disposition words
	times recordTimes
	names interned
	hung  *hangups // causes from CEL, or nil

	held     []recordItem // the first records, until there are enough to survey
	surveyed bool
	window   [astWindow]recordItem // the last records, a ring, where legs of one call may still be found
	count    int                   // records put into window so far
}

// maxHeld is how many records are looked through for the zone and the order of
// day and month before the first is handed out.
const maxHeld = 256

func newRecordReader(in *Input, out Sink) *recordReader {
	r := &recordReader{out: out, names: interned{}}
	r.times.clock.zone = in.Zone
	return r
}

// add takes the next record of the source.
func (r *recordReader) add(rec *callRecord) { r.put(recordItem{at: rec.Place, record: rec}) }

// reject takes something that is no record.
func (r *recordReader) reject(at Place, reason, sample string) {
	r.put(recordItem{at: at, reject: reason, sample: sample[:min(len(sample), maxSample)]})
}

func (r *recordReader) event(e *store.Event) {
	r.put(recordItem{at: Place{Offset: e.Offset, Length: 1, Line: int(e.Line)}, event: e})
}

func (r *recordReader) put(item recordItem) {
	if r.surveyed {
		r.process(item)
		return
	}
	if r.held = append(r.held, item); len(r.held) == maxHeld {
		r.survey()
	}
}

// survey lets the held records tell what times mean, then hands them on.
func (r *recordReader) survey() {
	r.surveyed = true
	for i := range r.held {
		if rec := r.held[i].record; rec != nil {
			r.times.look(rec)
		}
	}
	r.times.guessed = false
	for i := range r.held {
		r.process(r.held[i])
		r.held[i] = recordItem{}
	}
	r.held = nil
}

// end hands out what waits and tells the ledger the zone.
func (r *recordReader) end(in *Input) {
	if !r.surveyed {
		r.survey()
	}
	for i := range r.window {
		r.emit(&r.window[(r.count+i)%astWindow])
	}
	in.TZ, in.TZFrom = r.times.ledger()
	if r.times.guessed {
		r.out.Warn(Place{Line: 1}, "no row tells whether slashed dates are day/month or month/day: read as day/month")
	}
	if n := r.times.recovered; n > 0 {
		r.out.Warn(Place{Line: 1}, fmt.Sprintf("%d start times have lost their seconds: taken from the uniqueid", n))
	}
	if n := r.times.coarse; n > 0 {
		r.out.Warn(Place{Line: 1}, fmt.Sprintf("%d start times have no seconds: the full minute was taken", n))
	}
}

func (r *recordReader) process(item recordItem) {
	if item.record != nil {
		r.read(&item)
	}
	slot := &r.window[r.count%astWindow]
	r.emit(slot)
	*slot = recordItem{}
	if item.key != 0 {
		for i := range r.window {
			if w := &r.window[i]; w.key == item.key && w.cdr != nil && w.cdr.ID == item.cdr.ID {
				w.cdr.Link, item.cdr.Link = item.cdr.ID, item.cdr.ID
			}
		}
	}
	*slot = item
	r.count++
}

func (r *recordReader) emit(item *recordItem) {
	for _, w := range item.warns {
		r.out.Warn(item.at, w)
	}
	switch {
	case item.reject != "":
		r.out.Reject(item.at, item.reject, []byte(item.sample))
	case item.cdr != nil:
		r.out.CDR(item.cdr)
	case item.event != nil:
		r.out.Event(item.event)
	}
}

// read makes a CDR of the item's record, or a reject.
func (r *recordReader) read(item *recordItem) {
	rec := item.record
	c := &CDR{Place: rec.Place, Recorded: rec.raw, Code: codes.Unknown, CauseQ850: -1, Talk: -1}
	item.record = nil
	v := &rec.values
	u := parseUniqueID(v[recUnique])
	wrong, warns := r.setTimes(c, rec, u)
	if wrong == "" {
		wrong = r.setResult(c, rec)
	}
	if wrong == "" && v[recCaller] == "" && v[recCallee] == "" && v[recClid] == "" {
		wrong = "neither a calling nor a called number, want one"
	}
	if wrong != "" {
		item.reject, item.sample = wrong, rec.raw[:min(len(rec.raw), maxSample)]
		return
	}
	item.cdr, item.warns = c, warns
	r.setParties(c, rec)
	r.setRoute(c, rec)
	c.ID, c.CallID = v[recID], v[recCallID]
	if v[recUnique] != "" {
		c.ID = v[recUnique]
	}
	c.Device = r.names.intern(v[recDevice])
	if c.Device == "" {
		c.Device = r.names.intern(u.system)
	}
	c.UserAgent = r.names.intern(v[recAgent])
	if c.Link = v[recLinked]; c.Link == "" && u.epoch != 0 {
		item.key = u.key()
	}
	r.hung.refine(c, v[recUnique], v[recLinked])
}

// setTimes sets start, answer, end and talk; wrong is what makes the record useless.
func (r *recordReader) setTimes(c *CDR, rec *callRecord, u uniqueID) (wrong string, warns []string) {
	v := &rec.values
	text := rec.startText()
	w, ok := readTime(text)
	if !ok {
		return fmt.Sprintf("start %q, want a date and time", clip(text)), nil
	}
	duration, ok := readDuration(v[recDuration])
	if !ok {
		return fmt.Sprintf("duration %q, want a number of seconds or h:mm:ss", clip(v[recDuration])), nil
	}
	talk, ok := readDuration(v[recTalk])
	if !ok {
		return fmt.Sprintf("talk time %q, want a number of seconds or h:mm:ss", clip(v[recTalk])), nil
	}
	ambiguous := false
	c.Start, ambiguous = r.times.start(&w, u, max(duration, 0))
	if ambiguous {
		c.Flags |= codes.FlagAmbiguousTime
	}
	c.Talk = talk
	c.Answer = r.times.later(v[recAnswer], &w, c.Start)
	switch {
	case duration >= 0:
		c.End = c.Start + duration*1000
	case v[recEnd] != "":
		c.End = r.times.later(v[recEnd], &w, c.Start)
	case c.Answer != 0 && talk >= 0:
		c.End = c.Answer + talk*1000
	}
	if talk >= 0 && duration >= 0 && talk > duration {
		warns = append(warns, fmt.Sprintf("duration %s and talk time %s do not fit", clip(v[recDuration]), clip(v[recTalk])))
	}
	if talk < 0 && c.Answer != 0 && c.End >= c.Answer {
		c.Talk = (c.End - c.Answer) / 1000
	}
	return "", warns
}

// startText is the start as written: one column, or date and time apart.
func (rec *callRecord) startText() string {
	v := &rec.values
	switch {
	case v[recStart] != "":
		return v[recStart]
	case v[recTime] == "":
		return v[recDate]
	}
	return strings.TrimSpace(v[recDate] + " " + v[recTime])
}

// setResult sets outcome, code, cause and reason from what the record has of them.
func (r *recordReader) setResult(c *CDR, rec *callRecord) (wrong string) {
	v := &rec.values
	word := v[recResult]
	c.Reason = r.names.intern(word)
	outcome, known := resultWord(word)
	c.Code = firstCode(v[recCode], word)
	c.CauseQ850 = recordedCause(v[recCause])
	if c.Reason == "" {
		c.Reason = r.names.intern(v[recCause])
	}
	if r.words && !known {
		return fmt.Sprintf("disposition %q, want ANSWERED, NO ANSWER, BUSY, FAILED, CONGESTION or UNKNOWN", clip(word))
	}
	if rec.cut && word != "" && !known && c.Code == codes.Unknown {
		return fmt.Sprintf("result %q in a last line without an end, want a word that is known", clip(word))
	}
	if !rec.has[recTalk] && !rec.has[recResult] && !rec.has[recCode] && !rec.has[recCause] && c.Talk < 0 && c.End >= c.Start {
		c.Talk = (c.End - c.Start) / 1000 // a bill: its only duration is that of the talk
	}
	switch {
	case known && (outcome == codes.Answered || c.Code < 300):
		c.Outcome = outcome
	case c.Code >= 200:
		c.Outcome = codes.OutcomeOf(c.Code, false)
	case c.Talk > 0:
		c.Outcome = codes.Answered
	default:
		c.Outcome = unansweredOutcome(c.CauseQ850)
	}
	if c.Outcome == codes.Answered && rec.has[recDstChannel] && v[recDstChannel] == "" && noConversation[strings.ToLower(v[recLastApp])] {
		c.Outcome = codes.NotConnected
		c.Flags |= codes.FlagPBXAnswered
	}
	if c.Outcome == codes.Answered && c.Answer == 0 && c.End != 0 && c.Talk >= 0 && c.Talk <= (c.End-c.Start)/1000 {
		c.Answer = c.End - c.Talk*1000
	}
	if c.Outcome != codes.Answered && c.Flags&codes.FlagPBXAnswered == 0 && c.Talk <= 0 {
		c.Answer = 0
	}
	return ""
}

func (r *recordReader) setParties(c *CDR, rec *callRecord) {
	v := &rec.values
	c.Caller, c.Callee = v[recCaller], v[recCallee]
	if c.Caller == "" {
		if c.Caller = clidNumber(v[recClid]); c.Caller == "" {
			c.Caller = v[recClid]
		}
	}
}

// setRoute finds trunk and direction: named columns first, else the channels.
func (r *recordReader) setRoute(c *CDR, rec *callRecord) {
	v := &rec.values
	way := astRoute(v[recChannel], v[recDstChannel], v[recLastApp], v[recLastData], v[recContext], c.Caller, c.Callee)
	if !rec.has[recChannel] && !rec.has[recDstChannel] && !rec.has[recLastData] {
		way = route{}
	}
	if d, ok := directionWord(v[recDirection]); ok {
		way.direction = d
	}
	if v[recTrunk] != "" {
		way.trunk = v[recTrunk]
	}
	if v[recPeer] != "" {
		way.address = v[recPeer]
	}
	c.Direction = way.direction
	c.Trunk, c.Peer = r.names.intern(way.trunk), r.names.intern(way.address)
}
