package ingest

import (
	"bytes"
	"fmt"
	"time"
)

// Logs with a time of day and no date (FreeSWITCH's siptrace, pjsua): the date
// is the one that brings the time nearest to the line before. For the first such
// line it comes from the first dated line near the beginning of the source, else
// from the file's own time, which is that of its last line: a log of several
// days then has its days too late, and a warning says so.

// dateFrom says how a missing date was found.
type dateFrom uint8

const (
	dateNeedless dateFrom = iota
	dateByLines
	dateByFile
	dateUnknown
)

// at is a time with its date.
func (c *stampClock) at(f clockFields) (stamp, bool) {
	t, ok := c.instant(f)
	if ok {
		c.prev = t
	}
	return stamp{time: t.UnixMicro(), coarse: f.coarse}, ok
}

// today gives a time of day its date.
func (c *stampClock) today(f clockFields) (stamp, bool) {
	base, how := c.prev, dateByLines
	if base.IsZero() {
		base = c.near
	}
	if base.IsZero() {
		base, how = c.modTime, dateByFile
	}
	if base.IsZero() {
		base, how = time.Date(unknownYear, 1, 1, 12, 0, 0, 0, time.UTC), dateUnknown
	}
	zone := c.zone
	if zone == nil {
		zone = time.UTC
	}
	var best time.Time
	for day := -1; day <= 1; day++ {
		d := base.In(zone).AddDate(0, 0, day)
		f.year, f.month, f.day = d.Year(), int(d.Month()), d.Day()
		t, ok := c.instant(f)
		if !ok || how == dateByFile && t.After(base.Add(time.Minute)) {
			continue
		}
		if best.IsZero() || t.Sub(base).Abs() < best.Sub(base).Abs() {
			best = t
		}
	}
	if best.IsZero() {
		return stamp{}, false
	}
	c.prev = best
	c.dateBy = max(c.dateBy, how)
	return stamp{time: best.UnixMicro(), coarse: f.coarse}, true
}

// dateNote is what there is to say about dates that the source does not have.
func (c *stampClock) dateNote() string {
	switch c.dateBy {
	case dateByFile:
		return "times without a date: the last day before the file's own time taken"
	case dateUnknown:
		return "times without a date and no file time to tell it: 1972-01-01 taken"
	}
	return ""
}

// yearNote says how the year of a log without years was found.
func yearNote(year int) string {
	return fmt.Sprintf("times without a year: the first is of %d, the latest year before the file's own time; the others by their neighbours", year)
}

// nearDate is the first time with a year in the beginning of a source.
func nearDate(head []byte, c *stampClock) time.Time {
	for len(head) > 0 {
		line, rest, _ := bytes.Cut(head, []byte("\n"))
		head = rest
		if f, _, _, ok := scanStamp(stripColours(nil, line)); ok && f.year > 0 {
			probe := stampClock{zone: c.zone}
			if t, ok := probe.instant(f); ok {
				return t
			}
		}
	}
	return time.Time{}
}

// spareTime is the time of messages that stand before the first time of what
// was saved of Asterisk's console, which has none but in the log lines between
// messages: the first one near the beginning, else the source's own, that of its last line.
func spareTime(head []byte, c *stampClock) (t time.Time, file bool) {
	for len(head) > 0 {
		line, rest, _ := bytes.Cut(head, []byte("\n"))
		head = rest
		if f, _, _, ok := scanStamp(stripColours(nil, line)); ok {
			probe := stampClock{zone: c.zone, modTime: c.modTime}
			if t, ok := probe.instant(f); ok && !probe.noYear {
				return t, false
			}
		}
	}
	return c.modTime, true
}

// untimedNote is what there is to say about messages without a time.
func (r *textReader) untimedNote() string {
	switch {
	case r.untimed == 0:
		return ""
	case r.spareFile:
		return fmt.Sprintf("messages without a time, and none near them: %d; the file's own time taken", r.untimed)
	}
	return fmt.Sprintf("messages before the first time of the source: %d; that time taken", r.untimed)
}

// prime reads until n bytes are in the buffer, or the source ends, and shows
// them. It must come before the first line.
func (s *lineReader) prime(n int) []byte {
	for s.hi < n && s.err == nil {
		s.fill()
	}
	return s.buf[:min(s.hi, n)]
}

// timeOfDayAt reads "15:46:48.570890" at the beginning of text.
func timeOfDayAt(text []byte) (f clockFields, ok bool) {
	n := timeOfDay(text, &f)
	return f, n > 0 && (n == len(text) || !digit(text[n]) && !letter(text[n]))
}

// uuidLen is the length of a uuid and the blank behind it, 0 if text begins with none.
func uuidLen(text []byte) int {
	if len(text) < 37 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' || text[36] != ' ' {
		return 0
	}
	for i, c := range text[:36] {
		hex := digit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
		if !hex && i != 8 && i != 13 && i != 18 && i != 23 {
			return 0
		}
	}
	return 37
}

const escape = 0x1b

// uncolour takes terminal colours (ESC [ ... m) out of a line.
func (r *textReader) uncolour(ln *textLine) {
	if bytes.IndexByte(ln.text, escape) < 0 {
		return
	}
	r.plain = stripColours(r.plain[:0], ln.text)
	ln.cut += len(ln.text) - len(r.plain)
	ln.text = r.plain
}

// stripColours appends text without colours to dst; text itself if it has none.
func stripColours(dst, text []byte) []byte {
	if bytes.IndexByte(text, escape) < 0 {
		return text
	}
	for i := 0; i < len(text); i++ {
		if text[i] == escape && i+1 < len(text) && text[i+1] == '[' {
			end := run(text, i+2, func(c byte) bool { return digit(c) || c == ';' })
			if end < len(text) && letter(text[end]) {
				i = end
				continue
			}
		}
		dst = append(dst, text[i])
	}
	return dst
}
