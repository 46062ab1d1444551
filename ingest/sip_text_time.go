package ingest

import (
	"bytes"
	"time"
)

// stamp is the time that a log line begins with.
type stamp struct {
	time   int64  // microseconds UTC
	coarse bool   // whole seconds
	host   string // syslog host name, empty if the line has none
	end    int    // where it ends in the line
}

// clockFields are the fields of a time as written.
type clockFields struct {
	year, month, day, hour, min, sec, micro int
	coarse                                  bool
	zoned                                   bool
	offset                                  int // seconds east of UTC
}

// stampClock turns times as logs write them into instants. It carries what
// they leave out, the year and the side of a repeated hour, from line to line.
type stampClock struct {
	zone    *time.Location
	modTime time.Time
	prev    time.Time // the last time read; zero: none
	local   bool      // a time without zone was read
	noYear  bool      // a year was needed and nothing told it
	byFile  int       // the year that the source's own time told; 0: none
	near    time.Time // the first time with a date near the beginning of the source; zero: none
	dateBy  dateFrom  // how a missing date was found
	host    string    // last host name, to spare an allocation a line
}

// Where neither the file's time nor a neighbour tells the year, the first leap
// year of the epoch is taken: order and distances stay right.
const unknownYear = 1972

// parse reads the time and host name that a line begins with.
func (c *stampClock) parse(line []byte) (stamp, bool) {
	f, from, to, ok := scanStamp(line)
	if !ok {
		return stamp{}, false
	}
	t, ok := c.instant(f)
	if !ok {
		return stamp{}, false
	}
	c.prev = t
	st := stamp{time: t.UnixMicro(), coarse: f.coarse, end: to}
	if host := stampHost(line, from, to); string(host) == c.host {
		st.host = c.host
	} else if len(host) > 0 {
		st.host = string(host)
		c.host = st.host
	}
	return st, true
}

// instant is the instant of a time as written; false if there is no such date.
func (c *stampClock) instant(f clockFields) (time.Time, bool) {
	if f.hour > 23 || f.min > 59 || f.sec > 60 || f.month < 1 || f.month > 12 || f.day < 1 {
		return time.Time{}, false
	}
	if f.year == 0 {
		return c.nearestYear(f)
	}
	naive := time.Date(f.year, time.Month(f.month), f.day, f.hour, f.min, f.sec, f.micro*1000, time.UTC)
	if naive.Day() != f.day && f.sec < 60 {
		return time.Time{}, false
	}
	if f.zoned {
		return naive.Add(-time.Duration(f.offset) * time.Second), true
	}
	c.local = true
	if c.zone == nil || c.zone == time.UTC {
		return naive, true
	}
	return c.fromLocal(naive), true
}

// nearestYear gives a time without year (RFC 3164) the year that puts it
// nearest to the line before it, or, for a source's first, the latest that is
// not after the file's own time, with a day for clocks and zones that differ.
func (c *stampClock) nearestYear(f clockFields) (time.Time, bool) {
	base := c.prev
	if base.IsZero() {
		base = c.modTime
	}
	if base.IsZero() {
		c.noYear = true
		f.year = unknownYear
		return c.instant(f)
	}
	var best time.Time
	var found bool
	for y := base.Year() + 1; y >= base.Year()-8; y-- { // 8: 29 February about 1900 and 2100
		f.year = y
		t, ok := c.instant(f)
		if !ok {
			continue
		}
		if c.prev.IsZero() {
			if !t.After(base.Add(24 * time.Hour)) {
				if c.byFile == 0 {
					c.byFile = y
				}
				return t, true
			}
			continue
		}
		if found && t.Sub(base).Abs() >= best.Sub(base).Abs() {
			break
		}
		best, found = t, true
	}
	return best, found
}

// clockDisorder is how far lines of one log may stand out of order without
// meaning that a clock was set back.
const clockDisorder = 5 * time.Minute

// fromLocal finds the instant of a local time, given as if it were UTC. An hour
// that the end of summer time repeats is told by the order of lines: its first
// occurrence unless that would take the log back in time. An hour that its
// beginning skips is read with the offset before it.
func (c *stampClock) fromLocal(naive time.Time) time.Time {
	_, before := naive.Add(-26 * time.Hour).In(c.zone).Zone()
	_, after := naive.Add(26 * time.Hour).In(c.zone).Zone()
	t := naive.Add(-time.Duration(before) * time.Second)
	if before == after {
		return t
	}
	second := naive.Add(-time.Duration(after) * time.Second)
	valid := func(t time.Time, offset int) bool { _, o := t.In(c.zone).Zone(); return o == offset }
	switch {
	case !valid(second, after):
		return t
	case !valid(t, before):
		return second
	case !c.prev.IsZero() && t.Before(c.prev.Add(-clockDisorder)):
		return second
	}
	return t
}

// scanStamp reads the time at the beginning of a line, behind marks that logs
// put before it: a syslog PRI and version, a sequence number, a bracket, "*" or
// "." of an unset clock, a rule of dashes. from and to are its place.
func scanStamp(b []byte) (f clockFields, from, to int, ok bool) {
	i := stampStart(b)
	if i >= len(b) {
		return f, 0, 0, false
	}
	n := 0
	if digit(b[i]) {
		f, n = isoStamp(b[i:])
	} else if letter(b[i]) {
		f, n = monthStamp(b[i:])
	}
	return f, i, i + n, n > 0
}

// stampStart skips what may stand before a time.
func stampStart(b []byte) int {
	i := 0
	if bytes.HasPrefix(b, []byte("\xef\xbb\xbf")) {
		i = 3
	}
	if n := uuidLen(b[i:]); n > 0 { // FreeSWITCH puts the call's uuid before the time
		i += n
	}
	for marks := 0; marks < 6 && i < len(b); marks++ {
		switch c := b[i]; {
		case blankByte(c):
			i = run(b, i, blankByte)
		case c == '[' || c == '*' || c == '.':
			i++
		case c == '-':
			i = run(b, i, func(c byte) bool { return c == '-' })
		case c == '<':
			end := run(b, i+1, digit)
			if end == i+1 || end >= len(b) || b[end] != '>' {
				return len(b)
			}
			i = end + 1
			if v := run(b, i, digit); v-i == 1 && v < len(b) && b[v] == ' ' { // RFC 5424 version
				i = v + 1
			}
		case digit(c):
			end := run(b, i, digit)
			if end+1 >= len(b) || b[end] != ':' || b[end+1] != ' ' {
				return i
			}
			i = end + 2
		default:
			return i
		}
	}
	return i
}

// isoStamp reads 2026-03-16T16:05:41.123+01:00 and its relatives: a blank for
// the T, slashes for dashes, a comma for the point, no zone.
func isoStamp(b []byte) (f clockFields, n int) {
	if len(b) < 19 || (b[4] != '-' && b[4] != '/') || b[7] != b[4] || (b[10] != 'T' && b[10] != ' ' && b[10] != '_') {
		return f, 0
	}
	y, ok1 := number(b[0:4])
	mo, ok2 := number(b[5:7])
	d, ok3 := number(b[8:10])
	if !ok1 || !ok2 || !ok3 || y == 0 {
		return f, 0
	}
	f.year, f.month, f.day = y, mo, d
	n = timeOfDay(b[11:], &f)
	if n == 0 {
		return f, 0
	}
	n += 11
	return f, n + zoneSuffix(b[n:], &f)
}

// monthStamp reads Mar 16 16:05:41, with or without year before the time, a
// fraction behind it, or a weekday first (then the year may stand last).
func monthStamp(b []byte) (f clockFields, n int) {
	withDay := len(b) > 4 && weekday(b[:3]) && (b[3] == ' ' || b[3] == ',')
	if withDay {
		n = run(b, 3, func(c byte) bool { return c == ' ' || c == ',' })
	}
	if len(b) < n+15 || b[n+3] != ' ' {
		return f, 0
	}
	if f.month = monthOf(b[n : n+3]); f.month == 0 {
		return f, 0
	}
	i := run(b, n+3, blankByte)
	j := run(b, i, digit)
	var ok bool
	if f.day, ok = number(b[i:j]); !ok || j-i > 2 || j >= len(b) || b[j] != ' ' {
		return f, 0
	}
	i = run(b, j, blankByte)
	if y := run(b, i, digit); y-i == 4 && y < len(b) && b[y] == ' ' {
		f.year, _ = number(b[i:y])
		i = y + 1
	}
	n = timeOfDay(b[i:], &f)
	if n == 0 {
		return f, 0
	}
	n += i
	n += zoneSuffix(b[n:], &f)
	if y := run(b, min(n+1, len(b)), digit); withDay && f.year == 0 && y == n+5 && b[n] == ' ' {
		f.year, _ = number(b[n+1 : y])
		n = y
	}
	return f, n
}

// timeOfDay reads 16:05:41 with any fraction and returns its length, 0 for none.
func timeOfDay(b []byte, f *clockFields) int {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return 0
	}
	h, ok1 := number(b[0:2])
	m, ok2 := number(b[3:5])
	s, ok3 := number(b[6:8])
	if !ok1 || !ok2 || !ok3 {
		return 0
	}
	f.hour, f.min, f.sec, f.coarse = h, m, s, true
	if len(b) < 10 || (b[8] != '.' && b[8] != ',') || !digit(b[9]) {
		return 8
	}
	f.coarse = false
	end := run(b, 9, digit)
	for i, unit := 9, 100_000; i < end && unit > 0; i, unit = i+1, unit/10 {
		f.micro += int(b[i]-'0') * unit
	}
	return end
}

// zoneSuffix reads Z, +01:00, +0100, UTC or GMT behind a time.
func zoneSuffix(b []byte, f *clockFields) int {
	i := run(b, 0, blankByte)
	switch rest := b[i:]; {
	case len(b) > 0 && b[0] == 'Z':
		f.zoned = true
		return 1
	case i <= 1 && len(rest) >= 5 && (rest[0] == '+' || rest[0] == '-'):
		h, ok := number(rest[1:3])
		at := 3
		if rest[at] == ':' {
			at++
		}
		if len(rest) < at+2 {
			return 0
		}
		m, ok2 := number(rest[at : at+2])
		if !ok || !ok2 || len(rest) > at+2 && wordByte(rest[at+2]) {
			return 0
		}
		f.zoned, f.offset = true, h*3600+m*60
		if rest[0] == '-' {
			f.offset = -f.offset
		}
		return i + at + 2
	case i == 1 && (bytes.HasPrefix(rest, []byte("UTC")) || bytes.HasPrefix(rest, []byte("GMT"))):
		if len(rest) == 3 || !wordByte(rest[3]) {
			f.zoned = true
			if n := zoneSuffix(rest[3:], f); n > 0 && (rest[3] == '+' || rest[3] == '-') { // GMT+0100, as JavaScript writes it
				return i + 3 + n
			}
			f.offset = 0
			return i + 3
		}
	}
	return 0
}

// stampHost is the host name behind the time of a syslog line: RFC 3164 and RFC
// 5424 put it there, programs with a log file of their own a level or a tag.
func stampHost(line []byte, from, to int) []byte {
	if to >= len(line) || line[to] != ' ' || from > 0 && line[from-1] == '[' ||
		digit(line[from]) && line[from+10] != 'T' {
		return nil
	}
	rest := line[to+1:]
	end := bytes.IndexByte(rest, ' ')
	if end <= 0 || end > 255 {
		return nil
	}
	host := rest[:end]
	for _, c := range host {
		if !wordByte(c) && c != '.' && c != '-' && c != ':' {
			return nil
		}
	}
	if string(host) == "On" && bytes.HasPrefix(rest, []byte("On [")) { // Oracle: "Nov 16 13:01:21.044 On [0:0]192.0.2.1:5060"
		return nil
	}
	if host[end-1] == ':' || string(host) == "-" || knownMethod(host) || logLevel(host) {
		return nil
	}
	return host
}

func logLevel(word []byte) bool {
	switch string(word) {
	case "TRACE", "VERBOSE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "ERR", "CRITICAL", "CRIT", "ALERT", "FATAL":
		return true
	}
	return false
}

// number reads a short decimal; false for anything else.
func number(b []byte) (n int, ok bool) {
	for _, c := range b {
		if !digit(c) || n > 1<<20 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, len(b) > 0
}

// monthOf is 1 to 12 for Jan to Dec, else 0.
func monthOf(b []byte) int {
	return threeLetters("JanFebMarAprMayJunJulAugSepOctNovDec", b)
}

func weekday(b []byte) bool { return threeLetters("MonTueWedThuFriSatSun", b) > 0 }

func threeLetters(words string, b []byte) int {
	if len(b) != 3 {
		return 0
	}
	for i := 0; i < len(words); i += 3 {
		if words[i:i+3] == string(b) {
			return i/3 + 1
		}
	}
	return 0
}
