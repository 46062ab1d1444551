package ingest

import (
	"strconv"
	"strings"
	"sync"

	"callsift/store/codes"
)

// sourceClock turns the local times of one source's records into instants: by
// the offset that Asterisk's uniqueid proves, else in Input.Zone, else as UTC.
type sourceClock struct {
	clock  localClock
	offset int64 // from UTC, of the last record whose uniqueid told
	known  bool

	seen                offsetsSeen
	unique, zoned, bare bool // how times were read so far
}

func newSourceClock(in *Input) *sourceClock {
	return &sourceClock{clock: localClock{zone: in.Zone}}
}

// utc is the instant of a civil time; ambiguous if it stands for two.
func (c *sourceClock) utc(civil int64) (sec int64, ambiguous bool) {
	switch {
	case c.clock.zone != nil:
		c.zoned = true
		sec, ambiguous = c.clock.utc(civil)
		c.clock.passed(sec)
		return sec, ambiguous
	case c.known:
		c.unique = true
		return civil - c.offset, false
	}
	c.bare = true
	return civil, false
}

// utcNear is utc for a record with a uniqueid: it begins with the second in
// which the channel was made, at or shortly before the record's start.
func (c *sourceClock) utcNear(civil int64, u uniqueID) (sec int64, ambiguous bool) {
	if u.epoch == 0 {
		return c.utc(civil)
	}
	offset, ok := zoneOffset(civil, u.epoch, uniqueSlack)
	if late := civil - c.offset - u.epoch; !ok && c.known && late >= 0 && late < 86400 {
		offset, ok = c.offset, true // a later record of the same channel
	}
	if !ok {
		return c.utc(civil)
	}
	c.offset, c.known, c.unique = offset, true, true
	c.seen.add(offset)
	return civil - offset, false
}

// text reads a date and time as ISO 8601 and its relatives or as d/m/yyyy; what
// names its zone is taken at its word.
func (c *sourceClock) text(s string) (micros int64, ambiguous, ok bool) {
	civil, fraction, zoned, ok := civilText(s)
	if !ok {
		return 0, false, false
	}
	if zoned {
		return civil*1e6 + fraction, false, true
	}
	sec, ambiguous := c.utc(civil)
	return sec*1e6 + fraction, ambiguous, true
}

// civilText reads a date and time of day; as UTC if zoned.
func civilText(s string) (civil, fraction int64, zoned, ok bool) {
	if len(s) > 64 {
		return 0, 0, false, false
	}
	if st, ok := findStamp([]byte(s)); ok && !st.noYear {
		return st.civil, st.micros, st.zoned, st.civil > 0
	}
	t, ok := slashedCivil(s)
	if !ok {
		return 0, 0, false, false
	}
	if t.dayFirst == noCivil {
		return t.monthFirst, 0, false, true
	}
	return t.dayFirst, 0, false, true
}

// ledger is the zone of the source's times and how it was known.
func (c *sourceClock) ledger(in *Input) {
	switch {
	case c.unique:
		in.TZ, in.TZFrom = c.seen.String(), "uniqueid"
	case c.zoned:
		in.TZ, in.TZFrom = c.clock.zone.String(), "flag"
	case c.bare:
		in.TZ, in.TZFrom = "UTC", "default"
	}
}

// epochMicros reads Unix seconds with or without a fraction; 0 for anything
// that is no time between 2001 and 2100.
func epochMicros(s string) int64 {
	whole, fraction, _ := strings.Cut(s, ".")
	if len(whole) != 10 {
		return 0
	}
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || sec < 1e9 || sec > 4102444800 {
		return 0
	}
	micros := sec * 1e6
	if fraction != "" {
		micros += int64(max(digits((fraction + "000000")[:6]), 0))
	}
	return micros
}

// ciscoTime reads the time of Cisco's voice accounting, which others took over:
// 17:02:12.523 UTC Fri Feb 22 2013. "*" or "." before it marks a clock that is
// not set. The second result says whether the zone is UTC; civil seconds else.
func ciscoTime(s string) (civil, fraction int64, utc, ok bool) {
	f := strings.Fields(strings.TrimLeft(s, "*. "))
	if len(f) != 6 || len(s) > 64 {
		return 0, 0, false, false
	}
	var at clockFields
	if n := timeOfDay([]byte(f[0]), &at); n != len(f[0]) {
		return 0, 0, false, false
	}
	civil, ok = civilSeconds(digits(f[5]), monthNamed(f[3]), digits(f[4]), at.hour, at.min, at.sec)
	return civil, int64(at.micro), f[1] == "UTC" || f[1] == "GMT", ok
}

// cisco is the instant of a time as ciscoTime reads it. A zone that is not UTC
// has only an abbreviation, which names no zone: it is a local time.
func (c *sourceClock) cisco(s string) (micros int64, ok bool) {
	civil, fraction, utc, ok := ciscoTime(s)
	if !ok {
		return 0, false
	}
	if !utc {
		civil, _ = c.utc(civil)
	}
	return civil*1e6 + fraction, true
}

// spanMillis reads a duration as seconds, with or without a fraction, or as
// [h:]mm:ss; -1 for anything else.
func spanMillis(s string) int64 {
	if s == "" || len(s) > 20 {
		return -1
	}
	if strings.Contains(s, ":") {
		sec := int64(0)
		parts := strings.Split(s, ":")
		for _, p := range parts {
			n := digits(p)
			if n < 0 || len(parts) > 3 {
				return -1
			}
			sec = sec*60 + int64(n)
		}
		return sec * 1000
	}
	whole, fraction, _ := strings.Cut(s, ".")
	sec := digits(whole)
	if sec < 0 || fraction != "" && digits(fraction[:min(len(fraction), 9)]) < 0 {
		return -1
	}
	return int64(sec)*1000 + int64(max(digits((fraction + "000")[:3]), 0))
}

// outcomeOfCause is what became of a call that was not answered and ended with
// this release cause. 16 is a caller who hung up, 17 to 21 and 24 are the
// callee's doing as codes.InNER counts them; causes that say nothing (0, 31,
// 127) only tell that nobody talked.
func outcomeOfCause(cause int) codes.Outcome {
	switch {
	case cause == 16:
		return codes.Abandoned
	case cause >= 17 && cause <= 21:
		return codes.User
	}
	c, ok := codes.Q850(cause)
	switch {
	case !ok:
		return codes.NotConnected
	case c.Bucket == "user":
		return codes.User
	case c.Bucket == "abandon":
		return codes.Abandoned
	case c.Bucket == "elsewhere":
		return codes.CompletedElsewhere
	case c.Bucket == "redirect":
		return codes.Redirected
	case c.Failure == "no", c.Bucket == "normal", c.Bucket == "unknown":
		return codes.NotConnected
	}
	return codes.Failed
}

// droppedBy reports whether a cause that ended an answered call is the
// network's or the media's: nobody hung up.
func droppedBy(cause int) bool {
	c, ok := codes.Q850(cause)
	return ok && c.Failure != "no" && (c.Bucket == "network" || c.Bucket == "resource" || c.Bucket == "media")
}

// settleCause sets the outcome of a record that has a cause, or none (-1), and
// the flag of an answered call that broke.
func (c *CDR) settleCause(answered bool) {
	switch {
	case answered:
		c.Outcome = codes.Answered
		if droppedBy(c.CauseQ850) {
			c.Flags |= codes.FlagDropped
		}
	case c.Code > 0:
		c.Outcome = codes.OutcomeOf(c.Code, false)
	default:
		c.Outcome = outcomeOfCause(c.CauseQ850)
	}
}

// reasonOfCause names a cause for the reader of a record that has the number alone.
func reasonOfCause(cause int) string {
	if c, ok := codes.Q850(cause); ok && cause > 0 {
		return c.Name
	}
	if cause >= 0 {
		return "cause " + strconv.Itoa(cause)
	}
	return ""
}

// freeSwitchCause is the value of a FreeSWITCH hang-up cause word.
func freeSwitchCause(word string) (value int, ok bool) {
	value, ok = freeSwitchCauses()[word]
	return value, ok
}

var freeSwitchCauses = sync.OnceValue(func() map[string]int {
	table := map[string]int{"UNSPECIFIED": 0}
	for _, c := range codes.AllQ850() {
		if c.FreeSWITCH != "" {
			table[c.FreeSWITCH] = c.Value
		}
	}
	return table
})

// sipStatus reads a final or provisional SIP status; codes.Unknown for anything else.
func sipStatus(s string) int {
	if n := digits(s); len(s) == 3 && n >= 100 && n <= 699 {
		return n
	}
	return codes.Unknown
}
