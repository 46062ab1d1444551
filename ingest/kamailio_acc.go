package ingest

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"callsift/store/codes"
)

// KamailioAcc reads the accounting lines that the acc module of Kamailio,
// OpenSIPS and SER writes to syslog or to standard error: one line a
// transaction that ended, whatever else the log holds.
//
//	 1(4020) NOTICE: acc [acc.c:287]: acc_log_request(): ACC: transaction answered: timestamp=1794301200;method=INVITE;from_tag=a1;to_tag=b2;call_id=77@192.0.2.10;code=486;reason=Busy Here;src_user=201;src_ip=192.0.2.10;dst_ouser=3312345;ua=MX8
//	Nov 10 09:00:00 sbc1 /usr/sbin/kamailio[123]: NOTICE: acc [acc.c:287]: acc_log_request(): ACC: call missed: timestamp=…
//
// timestamp is Unix time, UTC, in seconds: the moment of the final response, not
// of the INVITE, so that neither the delay before ringing nor the setup time is
// in it, and the start of a call is the end of its setup. method to reason
// always stand in this order; what follows reason is the administrator's choice:
// the names of Kamailio's sample configuration (src_user, src_ip, dst_user,
// dst_ouser, ua) and their likes are known, others are passed over. A reason
// may hold semicolons.
//
// One failed INVITE leaves two lines with the same code, "call missed" (a branch
// failed) and "transaction answered" (what the caller was told): one record.
// Where the codes differ, as when a trunk's 503 is relayed as 500 or a second
// trunk answers, both are legs of the call and the second line decides. Records
// of one Call-ID are one call; a challenge (401, 407) counts only where nothing
// follows it. Lines of other methods are no calls: a CANCEL's 200
// and a BYE's say nothing of the result. Lines of an INVITE inside an answered
// call are passed over too. OpenSIPS' "call ended" also has duration (talk,
// seconds), setuptime (seconds) and created (Unix time of the INVITE), in front of
// the method and in place of timestamp, or among the extras:
//
//	Nov 10 09:00:00 sbc1 opensips[123]: ACC: call ended: created=1794301200;call_start_time=1794301212;duration=45;ms_duration=44500;setuptime=12;method=INVITE;from_tag=a1;to_tag=b2;call_id=77@192.0.2.10;code=200;reason=OK
//
// The module sees transactions only: what the script answers statelessly
// (sl_send_reply: challenges, 403, 404 no route) is not here.
var KamailioAcc = Format{
	Name:        "kamailio-acc",
	Description: "Kamailio/OpenSIPS acc lines in syslog or on standard error",
	Kind:        "cdr",
	Proof:       "real files",
	Example:     `Nov 10 09:00:00 sbc1 kamailio[123]: NOTICE: acc [acc.c:287]: acc_log_request(): ACC: transaction answered: timestamp=1794301200;method=INVITE;from_tag=a1;to_tag=b2;call_id=77@192.0.2.10;code=486;reason=Busy Here;src_user=201;src_ip=192.0.2.10;dst_ouser=3312345`,
	Sniff:       sniffKamailioAcc,
	Line: func(line []byte) bool {
		a, ok := parseAcc(line)
		return ok && a.wrong == ""
	},
	Read: readKamailioAcc,
}

// accLine is one accounting line, taken apart.
type accLine struct {
	before []byte // the log's prefix
	label  string
	fields map[string]string
	wrong  string
}

// parseAcc takes an accounting line apart; ok is false for any other line.
func parseAcc(line []byte) (a accLine, ok bool) {
	at := bytes.Index(line, []byte("ACC: "))
	if at < 0 {
		return a, false
	}
	text := string(line[at+len("ACC: "):])
	if rest, ok := strings.CutPrefix(text, "call ended: created="); ok {
		return accEnded(line[:at], rest)
	}
	label, rest, ok := strings.Cut(text, ": timestamp=")
	if !ok || len(label) > 40 {
		return a, false
	}
	a.before, a.label = line[:at], label
	a.fields, a.wrong = accFields("timestamp=" + rest)
	return a, true
}

// accEnded takes OpenSIPS' "call ended" apart, which has the call's times in
// front of the method and no timestamp: the INVITE's takes its place.
func accEnded(before []byte, text string) (a accLine, ok bool) {
	times, rest, ok := strings.Cut(text, ";method=")
	if !ok {
		return a, false
	}
	created, times, _ := strings.Cut(times, ";")
	a.before, a.label = before, "call ended"
	a.fields, a.wrong = accFields("timestamp=" + created + ";method=" + rest)
	a.fields["created"] = created
	for _, part := range strings.Split(times, ";") {
		if name, value, ok := strings.Cut(part, "="); ok && accName(name) {
			a.fields[name] = valid(value)
		}
	}
	return a, true
}

// accFields reads the fixed fields, which stand in this order, and the extras.
func accFields(s string) (fields map[string]string, wrong string) {
	fields = map[string]string{}
	fixed := [...]string{"timestamp", "method", "from_tag", "to_tag", "call_id", "code", "reason"}
	for i, key := range fixed {
		s = s[len(key)+1:]
		if i+1 == len(fixed) {
			break
		}
		value, rest, ok := strings.Cut(s, ";"+fixed[i+1]+"=")
		if !ok {
			return fields, fmt.Sprintf("no %s after %s, want timestamp, method, from_tag, to_tag, call_id, code and reason", fixed[i+1], key)
		}
		fields[key], s = valid(value), fixed[i+1]+"="+rest
	}
	key := "reason"
	for _, part := range strings.Split(s, ";") {
		name, value, ok := strings.Cut(part, "=")
		if ok && accName(name) {
			key = name
			fields[key] = valid(value)
		} else if _, have := fields[key]; have { // a semicolon of the value
			fields[key] += ";" + valid(part)
		} else {
			fields[key] = valid(part)
		}
	}
	return fields, ""
}

// accName reports whether a word can name an extra.
func accName(s string) bool {
	for _, c := range []byte(s) {
		if !letter(c) && !digit(c) && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

// first is the first of these fields that is not empty; <null> stands for an
// empty one.
func (a *accLine) first(names ...string) string {
	for _, n := range names {
		if s := a.fields[n]; s != "" && s != "<null>" {
			return s
		}
	}
	return ""
}

func sniffKamailioAcc(head []byte) bool {
	lines := lineReader{buf: head, hi: len(head), err: io.EOF}
	for {
		ln, _, ok := lines.next()
		if !ok {
			return false
		}
		if a, ok := parseAcc(ln.text); ok && a.wrong == "" {
			return true
		}
	}
}

// accWindow is how many records may stand between the two lines of one failure.
const accWindow = 64

// accPending is a record that waits for the line that may take its place.
type accPending struct {
	cdr    CDR
	missed bool // a branch failed, or a challenge was sent: the call may go on
	gone   bool
	reject string
}

type accReader struct {
	out      Sink
	clock    stampClock // for host names only
	waiting  []accPending
	answered callIDs
	names    interned
}

func readKamailioAcc(in *Input, out Sink) error {
	r := accReader{out: out, clock: stampClock{modTime: in.ModTime}, names: interned{}}
	lines := newLineReader(in)
	for {
		ln, long, ok := lines.next()
		if !ok {
			break
		}
		if long == 0 {
			r.line(ln)
		}
	}
	r.flush(0)
	if lines.err != nil && lines.err != io.EOF {
		return fmt.Errorf("line %d: %w", lines.no+1, lines.err)
	}
	return nil
}

func (r *accReader) line(ln textLine) {
	a, ok := parseAcc(ln.text)
	if !ok {
		return
	}
	p := accPending{missed: a.label == "call missed"}
	p.cdr.Place = Place{Offset: ln.off, Length: len(ln.text), Line: ln.no}
	p.cdr.Recorded = string(ln.text)
	if a.wrong == "" && a.fields["method"] != "INVITE" {
		return
	}
	if p.reject = a.wrong; p.reject == "" {
		p.reject = r.fill(&p.cdr, &a, p.missed)
	}
	if p.reject == "" && a.label != "call ended" {
		p.missed = p.missed || challenge(p.cdr.Code)
		if p.cdr.Outcome == codes.Answered {
			if r.answered.add(p.cdr.CallID) {
				return
			}
		} else if r.answered.has(p.cdr.CallID) {
			return // a re-INVITE that failed
		}
		r.merge(&p)
	}
	r.waiting = append(r.waiting, p)
	r.flush(accWindow)
}

// merge drops the challenge that this line's request answered, and the "call
// missed" line of the same code that an answered line repeats.
func (r *accReader) merge(p *accPending) {
	for i := len(r.waiting) - 1; i >= 0; i-- {
		w := &r.waiting[i]
		if !w.missed || w.gone || w.reject != "" || w.cdr.CallID != p.cdr.CallID {
			continue
		}
		if challenge(w.cdr.Code) {
			w.gone = true
		} else if !p.missed && w.cdr.Code == p.cdr.Code {
			w.gone = true
			return
		}
	}
}

// challenge reports whether a status asks for credentials.
func challenge(code int) bool { return code == 401 || code == 407 }

// flush hands out what waits until no more than keep records do, and what need
// not wait: a record with no missed line before it.
func (r *accReader) flush(keep int) {
	n := 0
	for n < len(r.waiting) {
		w := &r.waiting[n]
		if w.missed && !w.gone && w.reject == "" && len(r.waiting)-n <= keep {
			break
		}
		switch {
		case w.gone:
		case w.reject != "":
			r.out.Reject(w.cdr.Place, w.reject, []byte(w.cdr.Recorded[:min(len(w.cdr.Recorded), maxSample)]))
		default:
			r.out.CDR(&w.cdr)
		}
		n++
	}
	r.waiting = r.waiting[:copy(r.waiting, r.waiting[n:])]
}

// fill makes a record of a line; the result is why it is none, or empty.
func (r *accReader) fill(c *CDR, a *accLine, missed bool) (wrong string) {
	at := epochMicros(a.fields["timestamp"])
	if at == 0 {
		return fmt.Sprintf("timestamp %q, want Unix seconds", clip(a.fields["timestamp"]))
	}
	if wrong := c.fillAcc(a.fields["call_id"], a.fields["from_tag"], a.fields["code"], a.fields["reason"], at); wrong != "" {
		return wrong
	}
	if missed {
		c.End = 0 // a branch ended, the call may go on
	}
	c.Caller = a.first("src_user", "from_user", "caller", "src", "src_number")
	c.Callee = a.first("dst_ouser", "dst_user", "to_user", "callee", "dst", "dst_number")
	c.Peer = r.names.intern(a.first("src_ip", "source_ip", "ip", "sip_ip"))
	c.UserAgent = r.names.intern(a.first("ua", "user_agent"))
	if st, ok := r.clock.parse(a.before); ok {
		c.Device = r.names.intern(strings.ToValidUTF8(st.host, "?"))
	}
	if talk := digits(a.fields["duration"]); a.label == "call ended" && talk >= 0 {
		created, setup := epochMicros(a.fields["created"]), digits(a.fields["setuptime"])
		c.Talk = int64(talk) * 1000
		if created > 0 && setup >= 0 {
			c.Start = created
			c.Answer = created + int64(setup)*1e6
			c.End = c.Answer + int64(talk)*1e6
		}
	}
	return ""
}

// fillAcc fills what acc's lines and tables have in common. at is the time of
// the final response.
func (c *CDR) fillAcc(callID, fromTag, code, reason string, at int64) (wrong string) {
	if callID == "" {
		return "no Call-ID"
	}
	c.Code = sipStatus(code)
	if c.Code == codes.Unknown {
		return fmt.Sprintf("code %q, want a SIP status", clip(code))
	}
	c.ID, c.CallID, c.Link = callID, callID, callID
	c.CauseQ850, c.Talk, c.Reason = -1, -1, reason
	c.Start, c.End = at, at
	switch c.Outcome = codes.OutcomeOf(c.Code, false); {
	case c.Outcome == codes.Answered:
		c.Answer, c.End = at, 0 // the call goes on
	case challenge(c.Code):
		c.End = 0 // with credentials it may go on
		c.Flags |= codes.FlagChallengeUnanswered
	}
	// The same result from the log, from another table or with another prefix is
	// the same record.
	c.Recorded = strings.Join([]string{callID, fromTag, code}, "|")
	return ""
}

// maxCallIDs bounds how many answered calls are remembered; it is about how many
// a proxy answers in an hour.
const maxCallIDs = 1 << 16

// callIDs remembers the last Call-IDs that were added.
type callIDs struct {
	have map[string]bool
	ring []string
	next int
}

func (s *callIDs) has(id string) bool { return s.have[id] }

// add reports whether the Call-ID was there before.
func (s *callIDs) add(id string) bool {
	if s.have == nil {
		s.have = map[string]bool{}
	}
	if s.have[id] {
		return true
	}
	if len(s.ring) < maxCallIDs {
		s.ring = append(s.ring, id)
	} else {
		delete(s.have, s.ring[s.next])
		s.ring[s.next] = id
		s.next = (s.next + 1) % maxCallIDs
	}
	s.have[id] = true
	return false
}
