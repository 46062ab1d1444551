package ingest

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"callsift/store/codes"
)

// AudioCodesCDR reads the call detail records that AudioCodes Mediant SBCs and
// gateways send to syslog or keep in a file: one line a leg, fields between
// bars, padded with blanks, whatever syslog puts in front. A line of titles,
// printed when the device starts, says which fields there are; without one the
// vendor's default order for the SBC is taken:
//
//	|SBCReportType|EPTyp|SIPCallId|SessionId|Orig|SourceIp|SourcePort|DestIp|DestPort|TransportType|SrcURI
//	|SrcURIBeforeMap|DstURI|DstURIBeforeMap|Durat|TrmSd|TrmReason|TrmReasonCategory|SetupTime|ConnectTime
//	|ReleaseTime|RedirectReason|RedirectURINum|RedirectURINumBeforeMap|TxSigIPDiffServ|IPGroup (description)
//	|SrdId (name)|SIPInterfaceId|ProxySetId|IpProfileId (name)|MediaRealmId (name)|DirectMedia|SIPTrmReason|SIPTermDesc|…
//
//	[S=41] |CALL_END |SBC |77@192.0.2.10 |1871197419 |RMT |192.0.2.10 |5060 |198.51.100.7 |5060 |UDP |201@example.net |201@example.net |3312345@example.net |3312345@example.net |0 |LCL |GWAPP_USER_BUSY |BUSY |09:00:00.120  UTC Tue Nov 10 2026 | |09:00:12.340  UTC Tue Nov 10 2026 |-1 | | |40 |2 (carrier-a) |0 (srd) |1 |1 |0 () |0 () |no |486 |486 Busy Here
//
// Only CALL_END is a record; CALL_START, CALL_CONNECT, dialogs and media are
// steps of it. Times name their zone; one that is not UTC is only an
// abbreviation and taken as local: Input.Zone, else UTC. Durat is in seconds, or
// by a setting in tenths, hundredths or thousandths: talk is taken from
// ConnectTime to ReleaseTime. SIPTrmReason is the SIP status that refused the
// call, or BYE or CANCEL; SIPTermDesc may hold a Reason header (Q.850 ;cause=16).
//
// Legs of one call carry the same SessionId; Orig RMT is the leg from the
// caller, whose remote address is the source. The trunk is the IP group's name.
var AudioCodesCDR = Format{
	Name:        "audiocodes-cdr",
	Description: "AudioCodes SBC and gateway CDRs in syslog or files",
	Kind:        "cdr",
	Proof:       "documentation",
	Example:     `[S=41] |CALL_END |SBC |77@192.0.2.10 |1871197419 |RMT |192.0.2.10 |5060 |198.51.100.7 |5060 |UDP |201@example.net |201@example.net |3312345@example.net |3312345@example.net |0 |LCL |GWAPP_USER_BUSY |BUSY |09:00:00.120  UTC Tue Nov 10 2026 | |09:00:12.340  UTC Tue Nov 10 2026 |-1 | | |40 |2 (carrier-a) |0 (srd) |1 |1 |0 () |0 () |no |486 |486 Busy Here`,
	Sniff:       sniffAudioCodes,
	Line:        isAudioCodesLine,
	Read:        readAudioCodes,
}

// acDefault is the vendor's order of SBC fields, as acName writes them.
var acDefault = acOrder(strings.Split("sbcreporttype|eptyp|sipcallid|sessionid|orig|sourceip|sourceport|destip|destport|transporttype|srcuri|srcuribeforemap|dsturi|dsturibeforemap|durat|trmsd|trmreason|trmreasoncategory|setuptime|connecttime|releasetime|redirectreason|redirecturinum|redirecturinumbeforemap|txsigipdiffserv|ipgroup|srdid|sipinterfaceid|proxysetid|ipprofileid|mediarealmid|directmedia|siptrmreason|siptermdesc", "|"))

// acName is a title without what stands in parentheses, in lower case.
func acName(s string) string {
	s, _, _ = strings.Cut(s, "(")
	return strings.ToLower(strings.TrimSpace(s))
}

func acOrder(titles []string) map[string]int {
	order := map[string]int{}
	for i, t := range titles {
		if name := acName(t); name != "" {
			if _, have := order[name]; !have {
				order[name] = i
			}
		}
	}
	return order
}

// acLine finds a CDR's fields in a line; the first is the report's type or, in
// the line of titles, its title.
func acLine(line []byte) (fields []string, titles bool) {
	at := -1
	for _, first := range [...]string{"SBCReportType", "GWReportType", "CALL_END", "CALL_START", "CALL_CONNECT"} {
		if at = bytes.Index(line, []byte(first)); at >= 0 {
			titles = strings.HasSuffix(first, "Type")
			break
		}
	}
	if at < 0 {
		return nil, false
	}
	fields = strings.SplitN(string(line[at:]), "|", 200)
	for i := range fields {
		fields[i] = valid(strings.TrimSpace(fields[i]))
	}
	return fields, titles
}

func sniffAudioCodes(head []byte) bool {
	lines := lineReader{buf: head, hi: len(head), err: io.EOF}
	for {
		ln, _, ok := lines.next()
		if !ok {
			return false
		}
		if isAudioCodesLine(ln.text) {
			return true
		}
	}
}

func isAudioCodesLine(line []byte) bool {
	f, titles := acLine(line)
	return titles && len(f) > 10 || len(f) > 20 && (f[1] == "SBC" || f[0] == "CALL_END")
}

func readAudioCodes(in *Input, out Sink) error {
	lines := newLineReader(in)
	clock := newSourceClock(in)
	order := acDefault
	hosts := stampClock{modTime: in.ModTime}
	for {
		ln, long, ok := lines.next()
		if !ok {
			break
		}
		f, titles := acLine(ln.text)
		if titles && len(f) > 10 {
			order = acOrder(f)
		}
		if long > 0 || len(f) == 0 || f[0] != "CALL_END" {
			continue
		}
		c := CDR{Place: Place{Offset: ln.off, Length: len(ln.text), Line: ln.no}, Recorded: strings.Join(f, "|")}
		record := acRecord{f, order}
		if wrong := c.fillAudioCodes(&record, clock); wrong != "" {
			out.Reject(c.Place, wrong, ln.text[:min(len(ln.text), maxSample)])
			continue
		}
		if st, ok := hosts.parse(ln.text); ok {
			c.Device = valid(st.host)
		}
		out.CDR(&c)
	}
	clock.ledger(in)
	if lines.err != nil && lines.err != io.EOF {
		return fmt.Errorf("line %d: %w", lines.no+1, lines.err)
	}
	return nil
}

// acRecord is one line's fields by their titles.
type acRecord struct {
	fields []string
	order  map[string]int
}

func (r *acRecord) get(names ...string) string {
	for _, name := range names {
		if i, ok := r.order[name]; ok && i < len(r.fields) && r.fields[i] != "" {
			return r.fields[i]
		}
	}
	return ""
}

func (c *CDR) fillAudioCodes(r *acRecord, clock *sourceClock) (wrong string) {
	if len(r.fields) < 15 {
		return fmt.Sprintf("%d fields, want 15 or more", len(r.fields))
	}
	var ok bool
	if c.End, ok = clock.cisco(r.get("releasetime")); !ok {
		return fmt.Sprintf("ReleaseTime %q, want a time such as 09:00:12.340  UTC Tue Nov 10 2026", clip(r.get("releasetime")))
	}
	if c.Start, ok = clock.cisco(r.get("setuptime")); !ok {
		c.Start = c.End
	}
	c.Answer, _ = clock.cisco(r.get("connecttime"))
	c.Talk = 0
	if c.Answer != 0 {
		c.Talk = max(0, c.End-c.Answer) / 1000
	}
	c.CallID = r.get("sipcallid")
	c.ID, c.Link = c.CallID, r.get("sessionid")
	if c.Link == "0" {
		c.Link = c.CallID
	}
	c.Caller = codes.Normalize(r.get("srcuribeforemap", "srcuri", "srcnumbeforemap", "srcphonenum"))
	c.Callee = codes.Normalize(r.get("dsturibeforemap", "dsturi", "dstnumbeforemap", "dstphonenum"))
	c.Peer = r.get("sourceip")
	if r.get("orig") == "LCL" {
		c.Peer = r.get("destip")
	}
	_, name, _ := strings.Cut(r.get("ipgroup"), "(")
	c.Trunk = strings.TrimSuffix(name, ")")
	c.acResult(r)
	return ""
}

// acResult sets the result of a leg.
func (c *CDR) acResult(r *acRecord) {
	c.Code, c.CauseQ850 = codes.Unknown, causeInReason(r.get("siptermdesc"))
	end, category := r.get("siptrmreason"), r.get("trmreasoncategory")
	if code := sipStatus(end); c.Answer == 0 && code >= 300 {
		c.Code = code
	}
	c.Reason = firstOf(r.get("siptermdesc"), r.get("trmreason"), category)
	c.settleCause(c.Answer != 0)
	if c.Answer != 0 || c.Code > 0 {
		return
	}
	switch {
	case end == "CANCEL":
		c.Outcome = codes.Abandoned
	case c.CauseQ850 >= 0: // it decided
	case category == "BUSY" || category == "NO_ANSWER":
		c.Outcome = codes.User
	case category == "FORWARDED":
		c.Outcome = codes.Redirected
	case category == "NO_RESOURCES" || category == "NO_MATCH" || category == "GENERAL_FAILED" || category == "GENERAL_FAILURE":
		c.Outcome = codes.Failed
	}
}

// causeInReason is the cause of a Reason header, Q.850 ;cause=16 ;text="…"; -1: none.
func causeInReason(s string) int {
	rest, ok := strings.CutPrefix(strings.TrimSpace(s), "Q.850")
	if !ok {
		return -1
	}
	_, rest, ok = strings.Cut(rest, "cause=")
	if !ok {
		return -1
	}
	end := 0
	for end < len(rest) && digit(rest[end]) {
		end++
	}
	if n := digits(rest[:end]); n >= 0 && n <= 127 {
		return n
	}
	return -1
}
