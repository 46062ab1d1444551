package codes

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Cause is one release cause: of ITU-T Q.850 (values 1 to 127), or one that a
// softswitch writes in the same place (Vendor set).
type Cause struct {
	Value  int
	Name   string // "No circuit/channel available"
	Vendor string // "FreeSWITCH"; empty for Q.850
	ITU    bool   // in the ITU table; false also for a few values of line vendors
	Class  string // Q.850 class: "resource unavailable"; empty for vendors' values and 0
	// Bucket: normal, user, number, routing, resource, network, service,
	// capability, policy, redirect, signalling, elsewhere, unknown; for vendors
	// also abandon, challenge, internal, local, media.
	Bucket  string
	Failure string // of vendors' causes: yes, no, cond; else empty

	// SIP is the status a gateway sends, RFC 3398 §7.2.4.1; 0: none (16 ends the
	// call by BYE or CANCEL, 44 makes it try another circuit). SIPHow: "table",
	// "default" (no row, so 500) or empty.
	SIP     int
	SIPHow  string
	FromSIP []int // statuses that become this cause, RFC 3398 §8.2.6

	Asterisk      string // AST_CAUSE_ constant
	AsteriskSIP   int    // status chan_pjsip sends for it; 0: no row of its own
	FreeSWITCH    string // hang-up cause
	FreeSWITCHSIP int    // status mod_sofia sends for it; 0: unknown

	Meaning    string
	FirstCheck string
	Note       string // may be empty
}

var causeClasses = map[string]string{
	"": "", "0": "normal event", "1": "resource unavailable",
	"2": "service or option not available", "3": "service or option not implemented",
	"4": "invalid message", "5": "protocol error", "6": "interworking",
}

// Q850 is the entry of a release cause as Reason headers and CDRs carry it.
// Values that the ITU or a known vendor gave no meaning have none.
func Q850(value int) (Cause, bool) {
	c, ok := causeTable()[value]
	return c, ok
}

// AllQ850 lists all causes by value, those of vendors included.
func AllQ850() []Cause {
	var list []Cause
	for _, c := range causeTable() {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b Cause) int { return a.Value - b.Value })
	return list
}

var causeTable = sync.OnceValue(func() map[int]Cause {
	table := map[int]Cause{}
	for _, r := range rows("q850.tsv") {
		v := r.number("value")
		table[v] = Cause{
			Value: v, Name: r.text("name"), ITU: r.yes("itu"),
			Class: causeClasses[r.text("class")], Bucket: r.text("bucket"),
			SIP: r.number("sip"), SIPHow: r.text("sip_how"), FromSIP: numbers(r.text("from_sip")),
			Asterisk: r.text("asterisk"), AsteriskSIP: r.number("asterisk_sip"),
			FreeSWITCH: r.text("freeswitch"), FreeSWITCHSIP: r.number("freeswitch_sip"),
			Meaning: r.text("meaning"), FirstCheck: r.text("first_check"), Note: r.text("note"),
		}
	}
	for _, r := range rows("vendor.tsv") {
		v := r.number("value")
		table[v] = Cause{
			Value: v, Name: r.text("name"), Vendor: r.text("vendor"),
			Bucket: r.text("bucket"), Failure: r.text("failure"),
			FreeSWITCH: r.text("name"), FreeSWITCHSIP: r.number("sip"),
			Meaning: r.text("meaning"), FirstCheck: r.text("first_check"),
		}
	}
	return table
})

// numbers reads "404,485,604".
func numbers(list string) []int {
	var ns []int
	for _, f := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		n, err := strconv.Atoi(f)
		if err != nil {
			panic(err)
		}
		ns = append(ns, n)
	}
	return ns
}

// Place says who sent a release cause: the location of Q.850.
type Place struct {
	Value int    // 0 to 15
	Token string // as in Reason: Q.850;cause=21;location=U (RFC 8606)
	Name  string // "transit network"
	Who   string // in everyday words
	Owner string // whom to ask; empty for spare values
}

// Location is the place with this token of RFC 8606 (any case) or this number
// as text: "LN" or "2".
func Location(token string) (Place, bool) {
	for _, p := range places() {
		if strings.EqualFold(token, p.Token) || token == strconv.Itoa(p.Value) {
			return p, true
		}
	}
	return Place{}, false
}

var places = sync.OnceValue(func() []Place {
	var list []Place
	for _, r := range rows("q850_location.tsv") {
		list = append(list, Place{r.number("value"), r.text("token"), r.text("name"), r.text("who"), r.text("owner")})
	}
	return list
})
