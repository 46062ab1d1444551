package ingest

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"callsift/store"
	"callsift/store/codes"
)

// AsteriskCEL reads Asterisk's channel event log as CSV: cel-custom/Master.csv in
// the order of cel_custom's sample configuration, or the cel table with a header
// or in its own order:
//
//	1 eventtype   6 cid_rdnis  11 appname      16 linkedid
//	2 eventtime   7 cid_dnid   12 appdata      17 peer
//	3 cid_name    8 exten      13 amaflags     18 userfield (cel_custom only)
//	4 cid_num     9 context    14 accountcode  19 userdeftype
//	5 cid_ani    10 channame   15 uniqueid     20 extra
//
// The extra of a HANGUP has the cause, which no CDR has:
//
//	{"hangupcause":17,"hangupsource":"PJSIP/carrier-a-0000002b","dialstatus":"BUSY"}
//
// Such hang-ups are kept as events, with the Q.850 cause as their code, but for
// those that say nothing: causes 0 and 127 (none recorded) and 16 (normal) without
// a dialstatus of a failure. CEL is no record of calls: those come from the CDRs.
// In a dump of the database the causes are joined to the CDRs (asterisk-sql).
//
// eventtime is Unix time with a fraction, or local: then the uniqueid of a
// CHAN_START tells the offset from UTC, as in asterisk-csv.
var AsteriskCEL = Format{
	Name:        "asterisk-cel",
	Description: "Asterisk channel event log (CEL) as CSV: hang-up causes",
	Kind:        "event",
	Proof:       "source code",
	Example: `"HANGUP","1794297612.120345","Anna Example","201","201","","3312345678","3312345678","from-internal","PJSIP/201-0000002a","","","3","","1794297600.42","1794297600.42","","","",` +
		`"{""hangupcause"":17,""hangupsource"":""PJSIP/carrier-a-0000002b"",""dialstatus"":""BUSY""}"`,
	Sniff: sniffCEL,
	Read:  readCEL,
}

// The columns of CEL that matter here.
const (
	celType = iota
	celTime
	celExten
	celChannel
	celUnique
	celLinked
	celExtra
	celColumns
)

var celNames = map[string]int{
	"eventtype": celType, "eventname": celType, "eventtime": celTime, "exten": celExten, "channame": celChannel,
	"channel": celChannel, "uniqueid": celUnique, "linkedid": celLinked, "extra": celExtra, "eventextra": celExtra,
}

// celTypes are the types of events; a row has one.
var celTypes = map[string]bool{
	"CHAN_START": true, "CHAN_END": true, "HANGUP": true, "ANSWER": true, "APP_START": true, "APP_END": true,
	"BRIDGE_ENTER": true, "BRIDGE_EXIT": true, "BRIDGE_START": true, "BRIDGE_END": true, "LINKEDID_END": true,
	"BLINDTRANSFER": true, "ATTENDEDTRANSFER": true, "PARK_START": true, "PARK_END": true, "PICKUP": true, "FORWARD": true,
	"LOCAL_OPTIMIZE": true, "LOCAL_OPTIMIZE_BEGIN": true, "USER_DEFINED": true, "CONF_ENTER": true, "CONF_EXIT": true,
	"TRANSFER": true, "3WAY_START": true, "3WAY_END": true,
}

// celEvent is one row of CEL.
type celEvent [celColumns]string

// celHeader maps the columns of a header or of a table's definition; nil if
// they are not CEL's.
func celHeader(names []string) []int {
	columns := make([]int, len(names))
	known := 0
	for i, name := range names {
		columns[i] = -1
		if c, ok := celNames[headerWord(name)]; ok && !slices.Contains(columns[:i], c) {
			columns[i] = c
			known++
		}
	}
	if known < 4 || !slices.Contains(columns, celType) || !slices.Contains(columns, celTime) {
		return nil
	}
	return columns
}

// celRow reads a row by its columns; without them by the known orders.
func celRow(cells []string, columns []int) (e celEvent, ok bool) {
	if columns == nil {
		at := 0
		if len(cells) > 1 && !celTypes[cells[0]] && celTypes[cells[1]] { // the table's id
			at = 1
		}
		if len(cells) < at+16 || len(cells) > at+24 {
			return e, false
		}
		for column, i := range map[int]int{celType: 0, celTime: 1, celExten: 7, celChannel: 9, celUnique: 14, celLinked: 15} {
			e[column] = cleanValue(cells[at+i])
		}
		e[celExtra] = cells[len(cells)-1]
	} else {
		for i := range min(len(cells), len(columns)) {
			if columns[i] >= 0 {
				e[columns[i]] = cleanValue(cells[i])
			}
		}
	}
	return e, celTypes[e[celType]]
}

// cause reads the Q.850 cause and the dial status out of extra; -1 and empty if
// there is none. Dumps write the quotes with backslashes.
func (e *celEvent) cause() (cause int, dial string) {
	text := strings.ReplaceAll(e[celExtra], `\"`, `"`)
	return max(-1, digits(afterKey(text, "hangupcause"))), afterKey(text, "dialstatus")
}

// afterKey is the value of a key in flat JSON; newer releases than the first
// put quotes around numbers.
func afterKey(text, key string) string {
	_, rest, ok := strings.Cut(text, `"`+key+`":`)
	if !ok {
		return ""
	}
	rest = strings.TrimLeft(rest, ` "`)
	if i := strings.IndexAny(rest, `",}`); i >= 0 {
		rest = rest[:i]
	}
	return strings.TrimSpace(rest)
}

// telling reports whether a cause says something: 0 and 127 are written where
// none was recorded, 16 is any normal end.
func telling(cause int) bool { return cause > 0 && cause != 16 && cause != 127 }

// dialOutcomes are what the states of Dial mean for a call nobody answered.
var dialOutcomes = map[string]codes.Outcome{
	"BUSY": codes.User, "NOANSWER": codes.User, "CANCEL": codes.Abandoned,
	"CONGESTION": codes.Failed, "CHANUNAVAIL": codes.Failed, "INVALIDARGS": codes.Failed,
}

// hangups are the causes that CEL recorded, by channel and by call.
type hangups struct {
	channels, calls map[uint64]hangup
	lost            int // channels that did not fit
}

type hangup struct {
	cause int16
	mixed bool // channels of the call have different causes
	dial  string
}

// maxHangups bounds what is kept for the join.
const maxHangups = 1 << 20

func (h *hangups) add(e *celEvent) {
	cause, dial := e.cause()
	if cause < 0 && dial == "" || e[celUnique] == "" {
		return
	}
	if h.channels == nil {
		h.channels, h.calls = map[uint64]hangup{}, map[uint64]hangup{}
	}
	if len(h.channels) >= maxHangups {
		h.lost++
		return
	}
	if dialOutcomes[dial] == "" {
		dial = ""
	}
	h.channels[textKey(e[celUnique])] = hangup{cause: int16(min(cause, 1000)), dial: strings.Clone(dial)}
	if key := textKey(e[celLinked]); telling(cause) && e[celLinked] != "" {
		have, ok := h.calls[key]
		h.calls[key] = hangup{cause: int16(min(cause, 1000)), mixed: ok && (have.mixed || int(have.cause) != cause)}
	}
}

func textKey(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// refine gives a CDR the cause of its channel, or the only one that the other
// channels of its call have, and the outcome that the state of Dial proves.
func (h *hangups) refine(c *CDR, unique, linked string) {
	if h == nil || h.channels == nil || unique == "" {
		return
	}
	own, ok := h.channels[textKey(unique)]
	if !ok {
		own.cause = -1
	}
	if linked == "" {
		linked = unique
	}
	if call, ok := h.calls[textKey(linked)]; ok && !call.mixed && !telling(int(own.cause)) && c.Outcome != codes.Answered {
		own.cause = call.cause
	}
	if own.cause > 0 && own.cause != 127 {
		c.CauseQ850 = int(own.cause)
	}
	if outcome := dialOutcomes[own.dial]; outcome != "" && c.Outcome != codes.Answered && c.Flags&codes.FlagPBXAnswered == 0 {
		c.Outcome = outcome
		if own.dial != strings.ReplaceAll(c.Reason, " ", "") {
			c.Reason += ", " + own.dial
		}
	}
}

// event is a hang-up as an event for the calls of the same minutes; ok is false
// where it says nothing.
func (e *celEvent) event(at Place, times *recordTimes) (*store.Event, bool) {
	w, timed := readTime(e[celTime])
	var micros int64
	if timed {
		u := uniqueID{}
		if e[celType] == "CHAN_START" { // only then is the channel's second the event's
			u = parseUniqueID(e[celUnique])
		}
		micros, _ = times.start(&w, u, 0)
	}
	cause, dial := e.cause()
	failed := telling(cause) || dialOutcomes[dial] == codes.Failed
	if e[celType] != "HANGUP" || !failed {
		return nil, false
	}
	if cause == 127 { // none was recorded
		cause = 0
	}
	text := ""
	if entry, ok := codes.Q850(cause); ok && cause > 0 {
		text = fmt.Sprintf(", cause %d %s", cause, entry.Name)
	}
	for _, part := range [...][2]string{{"dialstatus", dial}, {"exten", e[celExten]}, {"call", e[celLinked]}} {
		if part[1] != "" {
			text += ", " + part[0] + " " + clip(part[1])
		}
	}
	return &store.Event{Time: micros, Kind: "HANGUP", Subject: clip(e[celChannel]), Code: max(cause, 0), Text: strings.TrimPrefix(text, ", "), Offset: at.Offset, Line: int64(at.Line)}, true
}

// celLines reads CEL's rows from lines, in a header's order or a known one.
type celLines struct {
	lines   *tableLines
	columns []int
}

// sniffCEL wants rows of CEL in half of the first lines.
func sniffCEL(head []byte) bool {
	c := celLines{lines: tableLinesOf(head)}
	rows, good := 0, 0
	for rows < 8 {
		end, next, whole, ok := c.lines.peek(0)
		if !ok || !whole && rows > 0 {
			break
		}
		row := c.lines.text(end)
		header := c.columns == nil
		e, ok := c.row(row)
		c.lines.take(next, 1)
		if strings.TrimSpace(row) == "" || header && c.columns != nil {
			continue
		}
		rows++
		if _, timed := readTime(e[celTime]); ok && timed {
			good++
		}
	}
	return good > 0 && 2*good >= rows
}

// row reads one line; a header sets the columns and is no row.
func (c *celLines) row(row string) (celEvent, bool) {
	cells, _ := splitTable(row, ',', nil)
	if c.columns == nil && c.lines.number <= maxTitleLines {
		if columns := celHeader(cells); columns != nil {
			c.columns = columns
			return celEvent{}, false
		}
	}
	return celRow(cells, c.columns)
}

func readCEL(in *Input, out Sink) error {
	c := celLines{lines: newTableLines(in)}
	times := recordTimes{}
	times.clock.zone = in.Zone
	surveyCEL(c.lines.head(), c.lines.set, &times)
	var first Place
	rows, kept := 0, 0
	for {
		end, next, whole, ok := c.lines.peek(0)
		if !ok {
			break
		}
		at := c.lines.place(end)
		if first.Line == 0 {
			first = at
		}
		if !whole && end >= maxCSVLine {
			out.Reject(at, fmt.Sprintf("a line over %d bytes", maxCSVLine), c.lines.head()[:maxSample])
			c.lines.skipLine()
			continue
		}
		row := c.lines.text(end)
		header := c.columns == nil
		e, good := c.row(row)
		switch {
		case header && c.columns != nil || strings.TrimSpace(row) == "":
		case !good:
			out.Reject(at, "no event of CEL, want 16 to 25 fields with its type and time", []byte(row[:min(len(row), maxSample)]))
		default:
			rows++
			if event, ok := e.event(at, &times); ok {
				kept++
				out.Event(event)
			}
		}
		c.lines.take(next, 1)
	}
	in.TZ, in.TZFrom = times.ledger()
	if rows > 0 {
		out.Warn(first, fmt.Sprintf("channel events: %d; kept are hang-ups with a telling cause: %d", rows, kept))
	}
	return c.lines.err
}

// surveyCEL looks for the offset from UTC in the first rows.
func surveyCEL(head []byte, set charset, times *recordTimes) {
	c := celLines{lines: &tableLines{csvLines: csvLinesOf(head[:min(len(head), headSize)]), set: set, raw: &countedReader{}}}
	for !times.known {
		end, next, whole, ok := c.lines.csvLines.peek(0)
		if !ok || !whole {
			return
		}
		if e, ok := c.row(set.decodeUnlessWide(c.lines.head()[:end])); ok && e[celType] == "CHAN_START" {
			rec := callRecord{}
			rec.values[recStart], rec.values[recUnique] = e[celTime], e[celUnique]
			times.look(&rec)
		}
		c.lines.csvLines.take(next, 1)
	}
}
