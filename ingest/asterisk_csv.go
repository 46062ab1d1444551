package ingest

import (
	"bytes"
	"fmt"
	"strings"
	"unsafe"

	"callsift/store/codes"
)

// AsteriskCSV reads the Master.csv that Asterisk's cdr_csv module writes, one
// row a CDR, without a header. The columns, in cdr/cdr_csv.c's order:
//
//	1 accountcode   6 channel      11 answer       16 amaflags
//	2 src           7 dstchannel   12 end          [uniqueid, with loguniqueid]
//	3 dst           8 lastapp      13 duration     [userfield, with loguserfield]
//	4 dcontext      9 lastdata     14 billsec      [peeraccount, linkedid, sequence,
//	5 clid         10 start        15 disposition   with newcdrcolumns]
//
// so 16 to 21. Text is quoted, quotes in it are doubled, numbers are bare, the
// answer time of an unanswered call is empty. Duration and billsec are seconds.
//
// Times are local, or UTC with usegmtime, and do not say which. The uniqueid
// does: it begins with the second, in Unix time, in which the channel was made,
// which is the start of its first CDR. So a row's offset from UTC is the
// difference between the two; rows that start later on the same channel take
// the offset of the rows before them. It settles the order of day and month as
// well, where the writer was configured to use slashes. Without a uniqueid the
// zone is Input.Zone, else UTC, and slashed dates are day first unless a row
// proves otherwise.
//
// The record carries no SIP status and no cause. ANSWERED by an announcement
// or a menu, with no second channel, is not a connected call: it is counted as
// not connected and flagged pbx_answered.
//
// Rows with one linkedid are legs of one call; without that column, rows with
// one uniqueid that stand within 64 rows of each other are.
var AsteriskCSV = Format{
	Name:        "asterisk-csv",
	Description: "Asterisk cdr_csv (Master.csv), 16 to 21 columns without a header",
	Kind:        "cdr",
	Proof:       "real files",
	Example:     `"","201","3312345","from-internal","201","PJSIP/201-0000002a","PJSIP/carrier-a-0000002b","Dial","PJSIP/3312345@carrier-a,60","2026-11-10 09:00:00",,"2026-11-10 09:00:12",12,0,"NO ANSWER","DOCUMENTATION","1794297600.42",""`,
	Sniff:       sniffAsteriskCSV,
	Line:        isMasterRow,
	Rows:        true,
	Read:        readAsteriskCSV,
}

// The columns by position; those after the sixteenth vary.
const (
	astSrc        = 1
	astDst        = 2
	astContext    = 3
	astClid       = 4
	astChannel    = 5
	astDstChannel = 6
	astLastApp    = 7
	astLastData   = 8
	astStart      = 9
	astEnd        = 11
	astDuration   = 12
	astBillsec    = 13
	astResult     = 14
	astMinColumns = 16
	astMaxColumns = 21
)

// sniffAsteriskCSV wants the columns, a disposition word, a start time and two
// numbers in at least half of the first five rows. FreeSWITCH's template of the
// same name has a hangup cause in the disposition's place.
func sniffAsteriskCSV(head []byte) bool {
	lines := csvLinesOf(head)
	rows, good := 0, 0
	for n := 0; n < 20 && rows < 5; n++ {
		end, next, whole, ok := lines.peek(0)
		if !ok || !whole && rows > 0 {
			break
		}
		row := astRow{text: string(lines.head()[:end])}
		lines.take(next, 1)
		if strings.TrimSpace(row.text) == "" {
			continue
		}
		rows++
		if row.split() == "" && row.sound() == "" {
			good++
		}
	}
	return good > 0 && 2*good >= rows
}

// isMasterRow reports whether a line is a row by itself.
func isMasterRow(line []byte) bool {
	if bytes.Count(line, []byte{','}) < astMinColumns-1 {
		return false
	}
	row := astRow{text: string(line)}
	return row.split() == "" && row.sound() == ""
}

// astRow is one row with its fields.
type astRow struct {
	text   string
	fields [astMaxColumns]csvField
	n      int
	open   bool // ended inside quotes
	civil  civilReader

	// Set by sound.
	start             civilTime
	outcome           codes.Outcome
	reason            string
	duration, billsec int // seconds, -1: negative

	caller string // set by findRoute
	route  route
}

func (r *astRow) col(i int) string { return r.fields[i].text(r.text) }

// split finds the fields; the result is what is wrong, or empty.
func (r *astRow) split() string {
	r.n, r.open = splitCSV(r.text, r.fields[:])
	if r.open {
		return fmt.Sprintf("a quote that is not closed in field %d", r.n)
	}
	if r.n < astMinColumns || r.n > astMaxColumns {
		return fmt.Sprintf("%d fields, want %d to %d", r.n, astMinColumns, astMaxColumns)
	}
	return ""
}

// sound checks the columns that make a row a CDR; the result is what is wrong, or empty.
func (r *astRow) sound() string {
	if r.outcome, r.reason = astDisposition(r.col(astResult)); r.outcome == "" {
		return fmt.Sprintf("disposition %q, want ANSWERED, NO ANSWER, BUSY, FAILED, CONGESTION or UNKNOWN", clip(r.col(astResult)))
	}
	var ok bool
	if r.start, ok = r.civil.read(r.col(astStart)); !ok {
		return fmt.Sprintf("start %q, want a date and time", clip(r.col(astStart)))
	}
	if r.duration, ok = astSeconds(r.col(astDuration)); !ok {
		return fmt.Sprintf("duration %q, want seconds", clip(r.col(astDuration)))
	}
	if r.billsec, ok = astSeconds(r.col(astBillsec)); !ok {
		return fmt.Sprintf("billsec %q, want seconds", clip(r.col(astBillsec)))
	}
	return ""
}

// astSeconds reads a duration; a negative one is -1.
func astSeconds(s string) (n int, ok bool) {
	if n = digits(s); n >= 0 {
		return n, true
	}
	return -1, strings.HasPrefix(s, "-") && digits(s[1:]) >= 0
}

// clip shortens input for a message.
func clip(s string) string {
	if len(s) > 40 {
		s = s[:40]
	}
	return strings.ToValidUTF8(s, "?")
}

// astDisposition is the outcome of a disposition word and the word itself; the
// outcome is empty for any other word.
func astDisposition(word string) (codes.Outcome, string) {
	switch word {
	case "ANSWERED":
		return codes.Answered, "ANSWERED"
	case "NO ANSWER":
		return codes.User, "NO ANSWER"
	case "BUSY":
		return codes.User, "BUSY"
	case "FAILED":
		return codes.Failed, "FAILED"
	case "CONGESTION":
		return codes.Failed, "CONGESTION"
	case "UNKNOWN":
		return codes.NotConnected, "UNKNOWN"
	}
	return "", ""
}

// astWindow is how many rows may stand between two rows of one channel for
// them to be found as legs of one call. Asterisk writes them together.
const astWindow = 64

// maxSample bounds what is kept of a rejected row.
const maxSample = 512

// astEntry is a row waiting to be handed out: a CDR or a rejected one.
type astEntry struct {
	cdr    CDR
	reject string
	warn   string
}

// astReader reads one source. Rows wait in a ring until the window has passed.
type astReader struct {
	lines *csvLines
	out   Sink
	times astTimes
	names interned
	own   astRow  // that is read here
	row   *astRow // own, or one that was read ahead
	ahead astAhead

	ring    [astWindow]astEntry
	keys    [astWindow]uint64 // of the uniqueids in ring, 0: none
	count   int               // rows put into the ring so far
	columns int               // of the last good row
}

func readAsteriskCSV(in *Input, out Sink) error {
	r := &astReader{lines: newCSVLines(in), out: out, names: interned{}}
	r.row = &r.own
	r.lines.moving = func() {
		r.ahead.stop()
		r.keep()
	}
	defer r.ahead.stop()
	r.times.clock.zone = in.Zone
	r.times.survey(r.lines.head())
	for {
		if row := r.ahead.next(r.lines); row != nil {
			r.aheadLine(row)
			continue
		}
		end, next, whole, ok := r.lines.peek(0)
		if !ok {
			break
		}
		r.oneLine(end, next, whole)
	}
	for i := r.count; i < r.count+astWindow; i++ {
		r.emit(i % astWindow)
	}
	in.TZ, in.TZFrom = r.times.ledger()
	if r.times.guessed {
		out.Warn(Place{Line: 1}, "no row tells whether slashed dates are day/month or month/day: read as day/month")
	}
	return r.lines.err
}

// aheadLine takes a row that was read ahead.
func (r *astReader) aheadLine(row *astAheadRow) {
	r.row = &row.astRow
	r.columns = row.n
	r.cdr(Place{Offset: r.lines.offset, Length: row.end, Line: r.lines.number})
	r.lines.take(row.next, 1)
	r.row = &r.own
}

// oneLine reads the line of length end, and those after it if a quoted field goes on there.
func (r *astReader) oneLine(end, next int, whole bool) {
	at := Place{Offset: r.lines.offset, Length: end, Line: r.lines.number}
	if !whole && end >= maxCSVLine {
		r.reject(at, fmt.Sprintf("a line over %d bytes", maxCSVLine), r.lines.head()[:maxSample])
		r.skipLine()
		return
	}
	if len(bytes.TrimSpace(r.lines.head()[:end])) == 0 {
		r.lines.take(next, 1)
		return
	}
	r.row.text = viewOf(r.lines.head()[:end])
	wrong := r.row.split()
	lines := 1
	if r.row.open {
		if e, n, l, ok := r.joined(next); ok {
			end, next, lines, wrong = e, n, l, ""
			at.Length = end
		}
	}
	if wrong == "" && lines == 1 {
		wrong = r.row.sound()
	}
	if wrong == "" && !whole && r.columns != 0 && r.row.n != r.columns {
		wrong = fmt.Sprintf("%d fields in a last line without an end, want %d as in the rows before", r.row.n, r.columns)
	}
	if wrong != "" {
		r.reject(at, wrong, r.lines.head()[:min(end, maxSample)])
	} else {
		r.columns = r.row.n
		r.row.findRoute()
		r.cdr(at)
	}
	r.lines.take(next, lines)
}

// joined tries whether the row goes on in the next lines: a line end inside
// quotes. It is believed only if that makes a sound row.
func (r *astReader) joined(next int) (end, after, lines int, ok bool) {
	for lines = 2; lines <= 8 && next < maxCSVLine/2; lines++ {
		if end, next, _, ok = r.lines.peek(next); !ok {
			return 0, 0, 0, false
		}
		r.row.text = viewOf(r.lines.head()[:end])
		wrong := r.row.split()
		if wrong == "" && r.row.sound() == "" {
			return end, next, lines, true
		}
		if !r.row.open || r.row.n > astMaxColumns {
			break
		}
	}
	return 0, 0, 0, false
}

// skipLine drops the rest of a line that is too long.
func (r *astReader) skipLine() {
	for {
		_, next, whole, ok := r.lines.peek(0)
		if !ok {
			return
		}
		if whole {
			r.lines.take(next, 1)
			return
		}
		r.lines.take(next, 0)
	}
}

// keep copies what waits in the ring before the lines that it is views of are
// overwritten: some rows once in two thousand, where a copy of each row and the
// collection of them took a tenth of the time.
func (r *astReader) keep() {
	for i := range r.ring {
		c := &r.ring[i].cdr
		for _, s := range [...]*string{&c.Recorded, &c.ID, &c.Link, &c.Device, &c.Caller, &c.Callee} {
			*s = strings.Clone(*s)
		}
	}
}

// viewOf is b as a string without a copy, of any length: valid until b's memory is used again.
func viewOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// slot is the ring's next place, after what waited there was handed out.
func (r *astReader) slot() *astEntry {
	i := r.count % astWindow
	r.emit(i)
	r.count++
	r.keys[i] = 0
	return &r.ring[i]
}

// emit hands out what waits at one place of the ring.
func (r *astReader) emit(i int) {
	e := &r.ring[i]
	if e.cdr.Recorded == "" {
		return
	}
	if e.reject != "" {
		r.out.Reject(e.cdr.Place, e.reject, []byte(e.cdr.Recorded))
	} else {
		if e.warn != "" {
			r.out.Warn(e.cdr.Place, e.warn)
		}
		r.out.CDR(&e.cdr)
	}
	*e = astEntry{}
}

func (r *astReader) reject(at Place, reason string, sample []byte) {
	e := r.slot()
	e.cdr.Place, e.cdr.Recorded, e.reject = at, string(sample), reason
}

// cdr puts the row, which is sound, into the ring.
func (r *astReader) cdr(at Place) {
	row := r.row
	e := r.slot()
	c := &e.cdr
	c.Place, c.Recorded = at, row.text
	c.Caller, c.Callee = row.caller, row.col(astDst)
	c.Code, c.CauseQ850 = codes.Unknown, -1
	r.outcome(c)

	id, link := row.ids()
	u := parseUniqueID(id)
	if u.epoch != 0 {
		c.ID, c.Device = id, u.system
	}
	e.warn = r.setTimes(c, u)

	c.Direction = row.route.direction
	c.Trunk = r.names.intern(row.route.trunk)
	c.Peer = r.names.intern(row.route.address)

	switch {
	case link != "":
		c.Link = link
	case u.epoch != 0:
		r.linkBack(c, u.key())
	}
}

// findRoute finds the caller and which way the call went.
func (r *astRow) findRoute() {
	r.caller = r.col(astSrc)
	if r.caller == "" {
		r.caller = clidNumber(r.col(astClid))
	}
	r.route = astRoute(r.col(astChannel), r.col(astDstChannel), r.col(astLastApp), r.col(astLastData), r.col(astContext), r.caller, r.col(astDst))
}

// ids are the columns that name the row and its call, as far as there are such.
func (r *astRow) ids() (unique, linked string) {
	extra := r.n - astMinColumns
	if extra >= 3 {
		linked = r.col(r.n - 2)
		extra -= 3
	}
	// One extra column is either uniqueid or userfield: the shape tells.
	if extra >= 1 {
		unique = r.col(astMinColumns)
	}
	return unique, linked
}

// linkBack makes rows of one channel legs of one call.
func (r *astReader) linkBack(c *CDR, key uint64) {
	self := (r.count - 1) % astWindow
	for i, k := range r.keys[:] {
		if k == key && r.ring[i].cdr.ID == c.ID {
			r.ring[i].cdr.Link, c.Link = c.ID, c.ID
		}
	}
	r.keys[self] = key
}

// noConversation lists the applications that answer a channel and talk to the
// caller themselves or let him wait.
var noConversation = map[string]bool{
	"hangup": true, "playback": true, "voicemail": true, "background": true, "congestion": true, "busy": true,
	"queue": true, "waitexten": true, "read": true, "musiconhold": true, "playtones": true, "wait": true,
}

func (r *astReader) outcome(c *CDR) {
	c.Outcome, c.Reason = r.row.outcome, r.row.reason
	if c.Outcome == codes.Answered && r.row.col(astDstChannel) == "" && noConversation[strings.ToLower(r.row.col(astLastApp))] {
		c.Outcome = codes.NotConnected
		c.Flags |= codes.FlagPBXAnswered
	}
}

// setTimes sets start, answer, end and talk; the result is a warning or empty.
// End and answer follow from the two durations, which no clock change spoils.
func (r *astReader) setTimes(c *CDR, u uniqueID) (warn string) {
	row := r.row
	duration, billsec := row.duration, row.billsec
	start, ambiguous := r.times.start(row, u, int64(max(duration, 0)))
	if ambiguous {
		c.Flags |= codes.FlagAmbiguousTime
	}
	c.Start = start * 1e6
	c.Talk = -1
	if billsec >= 0 {
		c.Talk = int64(billsec) * 1000
	}
	if duration < 0 || billsec < 0 || billsec > duration {
		warn = fmt.Sprintf("duration %s and billsec %s do not fit", clip(row.col(astDuration)), clip(row.col(astBillsec)))
	}
	if duration < 0 {
		return warn
	}
	c.End = c.Start + int64(duration)*1e6
	if c.Reason == "ANSWERED" && billsec >= 0 && billsec <= duration {
		c.Answer = c.End - int64(billsec)*1e6
	}
	return warn
}
