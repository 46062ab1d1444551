package ingest

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// A civil time is a wall-clock reading as seconds since 1970-01-01 00:00 of the
// same clock: what Unix time would be if the clock were UTC.

// civilSeconds is the civil time of a date and time of day; ok is false for
// anything a calendar does not have. Second 60 is allowed (leap second).
func civilSeconds(year, month, day, hour, minute, second int) (sec int64, ok bool) {
	if year < 1970 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return 0, false
	}
	return civilDay(year, month, day)*86400 + int64(hour*3600+minute*60+second), true
}

// civilDay counts days from 1970-01-01. Years run from March, so that the leap
// day is the last one.
func civilDay(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	ofEra := year - era*400
	ofYear := (153*(month-3)+2)/5 + day - 1
	return int64(era)*146097 + int64(ofEra*365+ofEra/4-ofEra/100+ofYear) - 719468
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// digits reads s as a decimal number; -1 if it is empty, longer than nine
// digits or anything else.
func digits(s string) int {
	if len(s) == 0 || len(s) > 9 {
		return -1
	}
	n := 0
	for i := 0; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			return -1
		}
		n = n*10 + int(c)
	}
	return n
}

// localClock turns civil times of one zone into UTC. In the hour that a clock
// change repeats it goes by the order of the records: once a record was seen
// that is later than the first reading of that time, the second is meant.
type localClock struct {
	zone *time.Location
	last int64 // latest time seen so far, UTC seconds

	// The offsets that are possible in one quarter hour: zones change theirs
	// at quarter hours only.
	quarter     int64
	early, late int64
	haveQuarter bool
}

// clockSlack is how far records may be out of order, in seconds.
const clockSlack = 300

// utc is the instant of a civil time; ambiguous if it stands for two and the
// order of the records did not tell which.
func (c *localClock) utc(civil int64) (sec int64, ambiguous bool) {
	early, late := c.offsets(civil)
	first, second := civil-early, civil-late
	switch {
	case first == second:
		return first, false
	case c.last >= first+clockSlack:
		return second, false
	}
	return first, true
}

// offsets are the possible offsets of a civil time, in seconds; the same twice
// but in the repeated hour.
func (c *localClock) offsets(civil int64) (early, late int64) {
	if q := floorDiv(civil, 900); !c.haveQuarter || q != c.quarter {
		c.quarter, c.haveQuarter = q, true
		c.early, c.late = possibleOffsets(c.zone, civil)
	}
	return c.early, c.late
}

// passed tells the clock that a record of this time was seen.
func (c *localClock) passed(sec int64) {
	if sec > c.last {
		c.last = sec
	}
}

// possibleOffsets are the offsets from UTC, in seconds, that a zone's civil
// time may have: the same twice but in the repeated hour. A time that the
// clock skipped is read with the offset before the change.
func possibleOffsets(zone *time.Location, civil int64) (early, late int64) {
	before, after := offsetAt(zone, civil-86400), offsetAt(zone, civil+86400)
	isBefore := offsetAt(zone, civil-before) == before
	isAfter := offsetAt(zone, civil-after) == after
	switch {
	case isBefore && isAfter:
		return before, after
	case isAfter:
		return after, after
	}
	return before, before
}

func offsetAt(zone *time.Location, sec int64) int64 {
	_, off := time.Unix(sec, 0).In(zone).Zone()
	return int64(off)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// maxOffset bounds offsets from UTC: the inhabited ones run from -12 to +14 h.
const maxOffset = 14 * 3600

// zoneOffset is the offset from UTC that makes a civil time agree with an
// instant to within slack seconds. Offsets are multiples of 15 minutes.
func zoneOffset(civil, instant, slack int64) (offset int64, ok bool) {
	diff := civil - instant
	offset = floorDiv(diff+450, 900) * 900
	rest := diff - offset
	return offset, rest >= -slack && rest <= slack && offset >= -maxOffset && offset <= maxOffset
}

// offsetsSeen collects the offsets of a source for its ledger entry.
type offsetsSeen struct{ list []int64 }

func (o *offsetsSeen) add(offset int64) {
	if n := len(o.list); n > 0 && o.list[n-1] == offset {
		return
	}
	for _, have := range o.list {
		if have == offset {
			return
		}
	}
	if len(o.list) < 8 {
		o.list = append(o.list, offset)
	}
}

// String is "UTC", "+01:00" or "+01:00, +02:00" in the order seen.
func (o *offsetsSeen) String() string {
	var names []string
	for _, off := range o.list {
		names = append(names, offsetName(off))
	}
	return strings.Join(names, ", ")
}

func offsetName(offset int64) string {
	if offset == 0 {
		return "UTC"
	}
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return fmt.Sprintf("%c%02d:%02d", sign, offset/3600, offset/60%60)
}

// logStamp is the time that a logger put in front of a line.
type logStamp struct {
	civil  int64 // seconds; as UTC if zoned
	micros int64
	zoned  bool // the stamp named its zone: civil is UTC
	noYear bool // civil is in the year 1972, a leap year
}

// stampYear is the stand-in year of stamps without one: the first leap year.
const stampYear = 1972

// findStamp looks for a logger's time in the first bytes of a line: ISO 8601
// and its look-alikes (2026-11-10 14:03:22,123 or 2026/11/10T14:03:22+01:00),
// the web servers' (10/Nov/2026:14:03:22 +0100), RFC 3164 (Nov 10 14:03:22).
func findStamp(line []byte) (logStamp, bool) {
	if len(line) > 128 {
		line = line[:128]
	}
	// All of them have two colons around the minutes.
	for i := 0; i < len(line); i++ {
		colon := bytes.IndexByte(line[i:], ':')
		if colon < 0 {
			break
		}
		i += colon
		if i < 8 || i+6 > len(line) || line[i+3] != ':' {
			continue
		}
		if s, ok := stampAround(string(line), i-2); ok {
			return s, true
		}
	}
	return logStamp{}, false
}

// stampAround reads a stamp whose time of day begins at s[at].
func stampAround(s string, at int) (logStamp, bool) {
	hour, minute, second := digits(s[at:at+2]), digits(s[at+3:at+5]), digits(s[at+6:at+8])
	date := s[:at-1]
	var st logStamp
	var ok bool
	switch {
	case s[at-1] == ':': // web servers' dd/Mon/yyyy:
		ok = st.dayMonthYear(date, hour, minute, second)
	case s[at-1] == 'T' || s[at-1] == ' ':
		ok = st.yearMonthDay(date, hour, minute, second) || st.monthDay(date, hour, minute, second)
	}
	if ok {
		st.fractionAndZone(s[at+8:])
	}
	return st, ok
}

func (st *logStamp) yearMonthDay(date string, hour, minute, second int) (ok bool) {
	n := len(date)
	if n < 10 || date[n-3] != date[n-6] || (date[n-3] != '-' && date[n-3] != '/') {
		return false
	}
	st.civil, ok = civilSeconds(digits(date[n-10:n-6]), digits(date[n-5:n-3]), digits(date[n-2:]), hour, minute, second)
	return ok
}

func (st *logStamp) dayMonthYear(date string, hour, minute, second int) (ok bool) {
	n := len(date)
	if n < 11 || date[n-5] != '/' || date[n-9] != '/' {
		return false
	}
	st.civil, ok = civilSeconds(digits(date[n-4:]), monthNamed(date[n-8:n-5]), digits(date[n-11:n-9]), hour, minute, second)
	return ok
}

func (st *logStamp) monthDay(date string, hour, minute, second int) (ok bool) {
	n := len(date)
	if n < 6 || date[n-3] != ' ' {
		return false
	}
	st.noYear = true
	st.civil, ok = civilSeconds(stampYear, monthNamed(date[n-6:n-3]), digits(strings.TrimSpace(date[n-2:])), hour, minute, second)
	return ok
}

func monthNamed(name string) int {
	i := strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", name)
	if len(name) != 3 || i < 0 || i%3 != 0 {
		return 0
	}
	return i/3 + 1
}

// fractionAndZone reads what may follow the seconds: ",123" or ".123456", then
// "Z", "+01:00", " +0100" or " UTC".
func (st *logStamp) fractionAndZone(rest string) {
	if len(rest) > 1 && (rest[0] == '.' || rest[0] == ',') {
		n := 1
		for scale := int64(100000); n < len(rest) && rest[n]-'0' <= 9; n++ {
			st.micros += int64(rest[n]-'0') * scale
			scale /= 10
		}
		rest = rest[n:]
	}
	rest = strings.TrimPrefix(rest, " ")
	switch {
	case strings.HasPrefix(rest, "Z"), strings.HasPrefix(rest, "UTC"), strings.HasPrefix(rest, "GMT"):
		st.zoned = true
	case len(rest) >= 5 && (rest[0] == '+' || rest[0] == '-'):
		hm := rest[1:3] + strings.TrimPrefix(rest[3:], ":")
		if len(hm) < 4 {
			return
		}
		h, m := digits(hm[:2]), digits(hm[2:4])
		if h < 0 || h > 14 || m < 0 || m > 59 {
			return
		}
		off := int64(h*3600 + m*60)
		if rest[0] == '-' {
			off = -off
		}
		st.civil -= off
		st.zoned = true
	}
}

// inYear puts a stamp without a year into the one that brings it nearest to a
// civil time known to be near.
func (st *logStamp) inYear(near int64) {
	year := time.Unix(near, 0).UTC().Year()
	t := time.Unix(st.civil, 0).UTC()
	best, found := int64(0), false
	for y := year - 1; y <= year+1; y++ {
		c, ok := civilSeconds(y, int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second())
		if ok && (!found || abs64(c-near) < abs64(best-near)) {
			best, found = c, true
		}
	}
	if found {
		st.civil, st.noYear = best, false
	}
}

func abs64(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
