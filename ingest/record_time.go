package ingest

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// writtenTime is a time as a record has it.
type writtenTime struct {
	civilTime       // seconds; UTC if zoned
	micros    int64 // of the second
	zoned     bool  // it named its zone, or is Unix time
	noSeconds bool  // Excel re-saved it: the minute is all there is
}

// recordTimes finds instants like astTimes, for times in any notation.
type recordTimes struct {
	astTimes
	stated    bool // some time named its zone
	recovered int  // lost seconds taken from a uniqueid
	coarse    int  // seconds lost for good
}

// look lets a record tell the zone and the order of day and month.
func (t *recordTimes) look(rec *callRecord) {
	w, ok := readTime(rec.startText())
	if !ok || w.zoned {
		return
	}
	u := parseUniqueID(rec.values[recUnique])
	civil := t.civil(w.civilTime, u.epoch)
	if u.epoch != 0 && !t.known {
		t.offset, t.known = w.offset(civil, u.epoch)
	}
	for _, c := range [...]recordColumn{recAnswer, recEnd} {
		if other, ok := readTime(rec.values[c]); ok {
			t.civil(other.civilTime, 0)
		}
	}
}

// offset is the offset from UTC that a channel's second gives a start time.
func (w *writtenTime) offset(civil, epoch int64) (int64, bool) {
	if w.noSeconds { // the true time lies in the minute that begins at civil
		return zoneOffset(civil+30, epoch, 30+uniqueSlack)
	}
	return zoneOffset(civil, epoch, uniqueSlack)
}

// start is the instant of a record's start, microseconds UTC.
func (t *recordTimes) start(w *writtenTime, u uniqueID, duration int64) (micros int64, ambiguous bool) {
	if w.zoned {
		t.stated = true
		return w.dayFirst*1e6 + w.micros, false
	}
	civil := t.civil(w.civilTime, u.epoch)
	if w.noSeconds {
		if offset, ok := w.offset(civil, u.epoch); u.epoch != 0 && ok {
			t.offset, t.known, t.unique = offset, true, true
			t.seen.add(offset)
			t.recovered++
			return u.epoch * 1e6, false
		}
		t.coarse++
	}
	if u.epoch != 0 {
		if offset, ok := t.offsetOf(civil, u.epoch); ok {
			t.unique = true
			t.seen.add(offset)
			return (civil-offset)*1e6 + w.micros, false
		}
	} else if t.known && t.clock.zone == nil {
		t.unique = true
		t.seen.add(t.offset)
		return (civil-t.offset)*1e6 + w.micros, false
	}
	if t.clock.zone == nil {
		t.plain = true
		return civil*1e6 + w.micros, false
	}
	t.zoned = true
	sec, ambiguous := t.clock.utc(civil)
	t.clock.passed(sec + duration/1000)
	return sec*1e6 + w.micros, ambiguous
}

// later is the instant of an answer or end, by its distance from the start; 0
// where there is none, or none that a call can have.
func (t *recordTimes) later(text string, start *writtenTime, micros int64) int64 {
	w, ok := readTime(text)
	if !ok || text == "" {
		return 0
	}
	if w.zoned != start.zoned {
		if !w.zoned {
			return 0
		}
		return w.dayFirst*1e6 + w.micros
	}
	from, to := t.civil(start.civilTime, 0), t.civil(w.civilTime, 0)
	at := micros + (to-from)*1e6 + w.micros - start.micros
	if start.noSeconds || w.noSeconds || at < micros {
		return 0 // a clock change or a lost second between them
	}
	return at
}

// ledger is the zone of the source and how it was known.
func (t *recordTimes) ledger() (tz, from string) {
	if tz, from = t.astTimes.ledger(); tz == "" && t.stated {
		return "UTC", "stated"
	}
	return tz, from
}

// readTime reads a date and time as exports write them:
//
//	2026-11-10 09:00:12   2026-11-10T09:00:12.345+01:00   20261110090012
//	10/11/2026 9:00:12    11/10/26 9:00 AM    10.11.2026 09:00   2026年11月10日 09时00分
//	10-Nov-2026 09:00     Nov 10, 2026 09:00  1794297600  1794297600.42  1794297600123
func readTime(s string) (w writtenTime, ok bool) {
	if s = strings.TrimSpace(s); len(s) < 8 || len(s) > 64 {
		return w, false
	}
	if w, ok = numberTime(s); ok {
		return w, true
	}
	p := timeParts{monthAt: -1}
	if !p.scan(s) || p.dates != 3 || p.clocks < 2 {
		return w, false
	}
	return p.time()
}

// numberTime reads times that are one number: Unix time in seconds (with a
// fraction), milliseconds or microseconds, and yyyymmddhhmmss.
func numberTime(s string) (w writtenTime, ok bool) {
	whole, fraction, dotted := strings.Cut(s, ".")
	for _, part := range [...]string{whole, fraction} {
		for i := 0; i < len(part); i++ {
			if part[i]-'0' > 9 {
				return w, false
			}
		}
	}
	switch n, _ := strconv.ParseInt(whole, 10, 64); {
	case len(whole) == 10 && whole[0] != '0':
		f, _ := strconv.ParseInt((fraction + "000000")[:6], 10, 64)
		return unixTime(n, f), true
	case dotted:
		return w, false
	case len(whole) == 13 && whole[0] == '1':
		return unixTime(n/1000, n%1000*1000), true
	case len(whole) == 16 && whole[0] == '1':
		return unixTime(n/1e6, n%1e6), true
	case len(whole) == 14:
		w.dayFirst, ok = civilSeconds(digits(s[:4]), digits(s[4:6]), digits(s[6:8]), digits(s[8:10]), digits(s[10:12]), digits(s[12:]))
		w.monthFirst = w.dayFirst
		return w, ok
	}
	return w, false
}

func unixTime(sec, micros int64) writtenTime {
	return writtenTime{civilTime: civilTime{sec, sec}, micros: micros, zoned: true}
}

// timeParts are the numbers and words of a date and time in the order written.
type timeParts struct {
	date    [3]int
	width   [3]int
	dates   int
	monthAt int // which of date was a month's name, -1: none
	dotted  bool
	clock   [3]int
	clocks  int
	micros  int64
	half    int // 1: am, 2: pm
	zoned   bool
	offset  int64
}

// scan takes the text apart; false if something in it belongs to no time.
func (p *timeParts) scan(s string) bool {
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c-'0' <= 9:
			n := i
			for n < len(s) && s[n]-'0' <= 9 {
				n++
			}
			if !p.number(s[i:n], i > 0 && (s[i-1] == '.' || s[i-1] == ',')) {
				return false
			}
			i = n
		case (c == '+' || c == '-') && p.clocks >= 2:
			return p.zone(c, s[i+1:])
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			n := i
			for n < len(s) && s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z' {
				n++
			}
			if !p.word(strings.ToLower(s[i:n])) {
				return false
			}
			i = n
		case c < 0x80:
			if !strings.ContainsRune(" -/.:,\t", rune(c)) {
				return false
			}
			p.dotted = p.dotted || c == '.' && p.dates == 1
			i++
		default:
			n := p.chinese(s[i:])
			if n == 0 {
				return false
			}
			i += n
		}
	}
	return true
}

func (p *timeParts) number(s string, pointed bool) bool {
	n := digits(s)
	switch {
	case n < 0:
		return false
	case p.dates < 3:
		p.date[p.dates], p.width[p.dates] = n, len(s)
		p.dates++
	case p.clocks == 3 && pointed:
		f, _ := strconv.ParseInt((s + "000000")[:6], 10, 64)
		p.micros = f
	case p.clocks < 3 && len(s) <= 2:
		p.clock[p.clocks] = n
		p.clocks++
	default:
		return false
	}
	return true
}

func (p *timeParts) word(s string) bool {
	switch s {
	case "t", "mon", "tue", "wed", "thu", "fri", "sat", "sun":
		return true
	case "z", "utc", "gmt":
		p.zoned = true
		return true
	case "am", "pm":
		p.half = 1 + strings.Index("ap", s[:1])
		return true
	}
	if len(s) < 3 || p.dates == 3 || p.monthAt >= 0 {
		return false
	}
	month := monthNamed(strings.ToUpper(s[:1]) + s[1:3])
	if month == 0 {
		return false
	}
	p.date[p.dates], p.monthAt = month, p.dates
	p.dates++
	return true
}

// chinese takes a Chinese separator or half of the day; the result is its length.
func (p *timeParts) chinese(s string) int {
	for half, word := range [...]string{"上午", "下午"} {
		if strings.HasPrefix(s, word) {
			p.half = half + 1
			return len(word)
		}
	}
	for _, word := range [...]string{"年", "月", "日", "时", "時", "点", "分", "秒", "：", "\u00a0", "\u202f"} {
		if strings.HasPrefix(s, word) {
			return len(word)
		}
	}
	return 0
}

func (p *timeParts) zone(sign byte, s string) bool {
	s = strings.Replace(s, ":", "", 1)
	if len(s) != 4 && len(s) != 2 {
		return false
	}
	h, m := digits(s[:2]), 0
	if len(s) == 4 {
		m = digits(s[2:])
	}
	if h < 0 || h > 14 || m < 0 || m > 59 {
		return false
	}
	p.zoned, p.offset = true, int64(h*3600+m*60)
	if sign == '-' {
		p.offset = -p.offset
	}
	return true
}

// time makes the possible readings of the parts.
func (p *timeParts) time() (w writtenTime, ok bool) {
	w.noSeconds, w.micros, w.zoned = p.clocks == 2, p.micros, p.zoned
	if p.half != 0 {
		if p.clock[0] < 1 || p.clock[0] > 12 {
			return w, false
		}
		p.clock[0] = p.clock[0]%12 + 12*(p.half-1)
	}
	at := func(year, month, day int) int64 {
		if p.width[2] <= 2 && p.width[0] != 4 {
			year += 2000
		}
		sec, ok := civilSeconds(year, month, day, p.clock[0], p.clock[1], p.clock[2])
		if !ok {
			return noCivil
		}
		return sec - p.offset
	}
	d := p.date
	switch {
	case p.width[0] == 4:
		w.dayFirst = at(d[0], d[1], d[2])
		w.monthFirst = w.dayFirst
	case p.monthAt == 0:
		w.dayFirst = at(d[2], d[0], d[1])
		w.monthFirst = w.dayFirst
	case p.monthAt == 1 || p.dotted:
		w.dayFirst = at(d[2], d[1], d[0])
		w.monthFirst = w.dayFirst
	case p.monthAt == 2:
		return w, false
	default:
		w.dayFirst, w.monthFirst = at(d[2], d[1], d[0]), at(d[2], d[0], d[1])
	}
	return w, w.dayFirst != noCivil || w.monthFirst != noCivil
}

// excelDay is a time in a spreadsheet: days since 1899-12-30, as text.
func excelDay(s string) (string, bool) {
	days, err := strconv.ParseFloat(s, 64)
	if err != nil || days < 20000 || days >= 80000 { // 1954 to 2119
		return s, false
	}
	micros := int64(math.Round((days-25569)*86400*1000)) * 1000
	return time.UnixMicro(micros).UTC().Format("2006-01-02 15:04:05.000"), true
}

// readDuration reads seconds ("83", "83.5", "83s"), h:mm:ss, m:ss, "1h 2m 3s"
// and "1分23秒" as milliseconds; -1 for an empty or negative one.
func readDuration(s string) (ms int64, ok bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return -1, true
	}
	if len(s) > 24 {
		return 0, false
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		switch {
		case f < 0:
			return -1, true
		case f > maxDuration || f != f:
			return 0, false
		}
		return int64(math.Round(f * 1000)), true
	}
	if strings.Contains(s, ":") {
		total := int64(0)
		parts := strings.Split(s, ":")
		for _, part := range parts {
			n := digits(part)
			if n < 0 || len(parts) > 3 {
				return 0, false
			}
			total = total*60 + int64(n)
		}
		return total * 1000, total <= maxDuration
	}
	return unitDuration(s)
}

// maxDuration bounds calls: a year, in seconds.
const maxDuration = 366 * 86400

var durationUnits = []struct {
	name    string
	seconds int64
}{
	{"小时", 3600}, {"时", 3600}, {"分钟", 60}, {"分", 60}, {"秒", 1},
	{"hours", 3600}, {"hour", 3600}, {"h", 3600}, {"min", 60}, {"m", 60}, {"secs", 1}, {"sec", 1}, {"s", 1},
}

func unitDuration(s string) (ms int64, ok bool) {
	for s = strings.ToLower(s); s != ""; s = strings.TrimSpace(s) {
		n := 0
		for n < len(s) && s[n]-'0' <= 9 {
			n++
		}
		value := digits(s[:n])
		s = strings.TrimSpace(s[n:])
		unit := int64(0)
		for _, u := range durationUnits {
			if rest, found := strings.CutPrefix(s, u.name); found {
				s, unit = rest, u.seconds
				break
			}
		}
		if value < 0 || unit == 0 || value > maxDuration {
			return 0, false
		}
		ms += int64(value) * unit * 1000
	}
	return ms, ms <= maxDuration*1000
}
