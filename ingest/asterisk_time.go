package ingest

import "strings"

// astTimes finds the instant at which rows of one Master.csv start.
type astTimes struct {
	clock localClock // for rows without a uniqueid

	monthly bool // slashed dates are month first, by the rows so far
	proved  bool // ... or day first, and a row proved it
	guessed bool // a date was read day first without proof

	offset  int64 // from UTC, of the last row that told
	known   bool
	doubted int64 // an offset that one row alone suggested
	doubt   bool

	seen   offsetsSeen
	zoned  bool // some row took its zone from Input.Zone
	plain  bool // some row was taken for UTC
	unique bool // some row took its offset from a uniqueid
}

// survey looks through the first rows for the offset and the order of day and
// month, so that rows before the first that tells are read like those after it.
func (t *astTimes) survey(head []byte) {
	lines := csvLinesOf(head[:min(len(head), 64<<10)])
	row := astRow{}
	for {
		end, next, whole, ok := lines.peek(0)
		if !ok || !whole || t.known {
			return
		}
		row.text = string(lines.head()[:end])
		lines.take(next, 1)
		if row.split() != "" || row.sound() != "" {
			continue
		}
		id, _ := row.ids()
		if u := parseUniqueID(id); u.epoch != 0 {
			civil := t.civil(row.start, u.epoch)
			t.offset, t.known = zoneOffset(civil, u.epoch, uniqueSlack)
		} else {
			t.civil(row.start, 0)
			t.guessed = false
		}
	}
}

// uniqueSlack is how far, in seconds, a CDR may start from its channel's making.
const uniqueSlack = 2

// start is the instant a row starts at, in UTC seconds.
func (t *astTimes) start(row *astRow, u uniqueID, duration int64) (sec int64, ambiguous bool) {
	civil := t.civil(row.start, u.epoch)
	if u.epoch != 0 {
		if offset, ok := t.offsetOf(civil, u.epoch); ok {
			t.unique = true
			t.seen.add(offset)
			return civil - offset, false
		}
	} else if t.known && t.clock.zone == nil {
		t.unique = true
		t.seen.add(t.offset)
		return civil - t.offset, false
	}
	if t.clock.zone == nil {
		t.plain = true
		return civil, false
	}
	t.zoned = true
	return t.local(row, civil, duration)
}

// offsetOf is the offset from UTC of a row by its uniqueid. A CDR that starts
// later than its channel was made, as after a transfer, tells nothing itself:
// it takes the offset of the rows before.
func (t *astTimes) offsetOf(civil, epoch int64) (int64, bool) {
	if late := civil - t.offset - epoch; t.known && late >= -uniqueSlack && late <= uniqueSlack {
		t.doubt = false
		return t.offset, true
	}
	offset, exact := zoneOffset(civil, epoch, uniqueSlack)
	if exact && t.believe(offset) {
		t.offset, t.known, t.doubt = offset, true, false
		return offset, true
	}
	late := civil - t.offset - epoch
	return t.offset, t.known && late >= 0 && late < 86400
}

// believe says whether a new offset is one: the first, a step of a clock
// change, one that would have the CDR start before its channel otherwise, or
// one that two rows in a row show.
func (t *astTimes) believe(offset int64) bool {
	step := offset - t.offset
	if !t.known || step < 0 || step == 3600 || step == 1800 || t.doubt && t.doubted == offset {
		return true
	}
	t.doubted, t.doubt = offset, true
	return false
}

// local reads a civil time in Input.Zone. Rows are written when calls end, so
// it is their end that tells which of two equal hours it is.
func (t *astTimes) local(row *astRow, civil, duration int64) (sec int64, ambiguous bool) {
	early, late := t.clock.offsets(civil)
	sec = civil - early
	if early != late {
		read, ok := row.civil.read(row.col(astEnd))
		if !ok {
			return sec, true
		}
		var end int64
		end, ambiguous = t.clock.utc(t.civil(read, 0))
		// The end and the duration choose between the two starts.
		if abs64(end-duration-(civil-late)) < abs64(end-duration-sec) {
			sec = civil - late
		}
	}
	t.clock.passed(sec + duration)
	return sec, ambiguous
}

// civil chooses between the two readings of a date. epoch, if not 0, is an
// instant near it.
func (t *astTimes) civil(c civilTime, epoch int64) int64 {
	if c.dayFirst == c.monthFirst {
		return c.dayFirst
	}
	switch {
	case c.dayFirst == noCivil:
		t.monthly, t.proved = true, true
	case c.monthFirst == noCivil:
		t.monthly, t.proved = false, true
	case epoch != 0 && abs64(c.dayFirst-epoch) <= maxOffset+86400:
		t.monthly, t.proved = false, true
	case epoch != 0 && abs64(c.monthFirst-epoch) <= maxOffset+86400:
		t.monthly, t.proved = true, true
	case !t.proved:
		t.guessed = true
	}
	if t.monthly {
		return c.monthFirst
	}
	return c.dayFirst
}

// ledger is the zone of the source and how it was known.
func (t *astTimes) ledger() (tz, from string) {
	switch {
	case t.unique:
		return t.seen.String(), "uniqueid"
	case t.zoned:
		return t.clock.zone.String(), "flag"
	case t.plain:
		return "UTC", "default"
	}
	return "", ""
}

// noCivil marks a reading of a date that the calendar does not have.
const noCivil = -1

// civilTime is what a date and time may mean, as civil seconds. With dashes
// both readings are the same.
type civilTime struct{ dayFirst, monthFirst int64 }

// civilReader reads dates and times; it remembers the last date.
type civilReader struct {
	date [10]byte
	day  int64 // civil time of its midnight
}

// read takes "2026-11-10 09:00:00" and "10/11/2026 9:00:00"; ok is false where
// no reading is in the calendar.
func (r *civilReader) read(s string) (t civilTime, ok bool) {
	if len(s) != 19 || s[4] != '-' || s[7] != '-' || s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return slashedCivil(s)
	}
	if s[:10] != string(r.date[:]) {
		day, ok := civilSeconds(digits(s[:4]), digits(s[5:7]), digits(s[8:10]), 0, 0, 0)
		if !ok {
			return t, false
		}
		r.day = day
		copy(r.date[:], s)
	}
	h, m, sec := twoDigits(s[11], s[12]), twoDigits(s[14], s[15]), twoDigits(s[17], s[18])
	t.dayFirst = r.day + int64(h*3600+m*60+sec)
	t.monthFirst = t.dayFirst
	return t, h < 24 && m < 60 && sec <= 60
}

// twoDigits is the number of two digits, over 99 if they are none.
func twoDigits(a, b byte) int {
	a, b = a-'0', b-'0'
	if a > 9 || b > 9 {
		return 100
	}
	return int(a)*10 + int(b)
}

// slashedCivil reads d/m/yyyy or m/d/yyyy and a time with or without seconds.
func slashedCivil(s string) (t civilTime, ok bool) {
	date, clock, found := strings.Cut(s, " ")
	a, rest, _ := strings.Cut(date, "/")
	b, year, slashed := strings.Cut(rest, "/")
	hour, rest, _ := strings.Cut(clock, ":")
	minute, second, seconds := strings.Cut(rest, ":")
	if !found || !slashed || len(year) != 4 {
		return t, false
	}
	if !seconds {
		second = "0"
	}
	y, h, m, sec := digits(year), digits(hour), digits(minute), digits(second)
	var ok1, ok2 bool
	t.dayFirst, ok1 = civilSeconds(y, digits(b), digits(a), h, m, sec)
	t.monthFirst, ok2 = civilSeconds(y, digits(a), digits(b), h, m, sec)
	if !ok1 {
		t.dayFirst = noCivil
	}
	if !ok2 {
		t.monthFirst = noCivil
	}
	return t, ok1 || ok2
}

// uniqueID is Asterisk's channel id, [system name-]epoch.sequence.
type uniqueID struct {
	system   string
	epoch    int64 // 0: the text is something else
	sequence int64
}

// parseUniqueID reads an id; its epoch must lie between 2001 and 2100.
func parseUniqueID(s string) (u uniqueID) {
	dot := strings.LastIndexByte(s, '.')
	if dot < 10 || dot+1 == len(s) {
		return u
	}
	seq := digits(s[dot+1:])
	high, low := digits(s[dot-10:dot-5]), digits(s[dot-5:dot])
	if seq < 0 || high < 10000 || low < 0 || high > 41024 {
		return u
	}
	if rest := s[:dot-10]; rest != "" {
		if rest[len(rest)-1] != '-' {
			return u
		}
		u.system = rest[:len(rest)-1]
	}
	u.epoch, u.sequence = int64(high)*100000+int64(low), int64(seq)
	return u
}

// key is a number that two ids share only by a rare accident.
func (u uniqueID) key() uint64 { return uint64(u.epoch)<<30 ^ uint64(u.sequence) }
