package codes

import (
	"fmt"
	"slices"
	"sync"
)

// Code is what the vocabulary knows about one response code.
type Code struct {
	Code       int
	Known      bool   // false: unlisted; the rest is that of the code it is treated as
	Phrase     string // of the registry: "Service Unavailable"
	Class      string // "5xx", as ClassOf
	ClassName  string // "Server Error"; RFC 3261 §7.2
	RFC        string // that defines it: "RFC 3261"; empty for codes of one vendor
	Section    string // of that RFC: "21.5.4"
	Registered bool   // in IANA's registry of SIP response codes
	Seed       bool   // on the customer's list of 28 codes
	ForInvite  bool   // may answer an INVITE

	// Group: success, provisional, redirect, user, abandon, number, policy,
	// capability, request, routing, network, dialog, challenge, negotiate, unknown.
	Group   string
	Failure string // yes, no, or cond: depends on what follows (a retry, a redirect)
	Party   string // whom to ask first: caller, callee, local, peer, auth, media ...; may be empty

	SEER bool   // in the numerator of SEER, RFC 6076 §4.7
	ISA  bool   // an ineffective session attempt, RFC 6076 §4.8
	NER  string // in the numerator of NER: "1", "0", or "cond": only after ringing

	// Q850 is the cause a gateway sends for it, RFC 3398 §8.2.6; 0: none.
	// Q850How: "table", "default" (no row, so 31) or "warning" (31, or 65 where
	// the Warning speaks of a missing bearer). Q850Location: user or network.
	Q850         int
	Q850How      string
	Q850Location string

	Meaning    string // one plain sentence or two
	FirstCheck string // usual causes, most likely first, as things to look at
	Note       string // may be empty
}

var classNames = map[string]string{
	"1xx": "Provisional", "2xx": "Success", "3xx": "Redirection",
	"4xx": "Client Error", "5xx": "Server Error", "6xx": "Global Failure",
	"none": "No Response", "unknown": "No Code",
}

// ClassOf is the response class of a code: "1xx" to "6xx", "none" for None and
// "unknown" for Unknown and everything that is no SIP status.
func ClassOf(code int) string {
	switch {
	case code == None:
		return "none"
	case code >= 100 && code <= 699:
		return fmt.Sprintf("%dxx", code/100)
	}
	return "unknown"
}

// SIP is the entry of a response code; None and Unknown have entries too. For
// an unlisted code from 100 to 699 it is that of the code which a client takes
// it for, with Known false: 183 for 1xx, else x00 (RFC 3261 §8.1.3.2). The
// second result is false for what is no status.
func SIP(code int) (Code, bool) {
	if c, ok := sipTable()[code]; ok {
		return c, true
	}
	if code < 100 || code > 699 {
		return Code{}, false
	}
	as := code / 100 * 100
	if as == 100 {
		as = 183
	}
	c := sipTable()[as]
	c.Meaning = fmt.Sprintf("Not in the registry; a client has to treat it as %s.", Label(as))
	c.FirstCheck = fmt.Sprintf("Read the reason phrase and the Server header to learn which box made it up, then go on as with %d.", as)
	c.Code, c.Known, c.Phrase, c.Registered, c.Seed, c.Note = code, false, "", false, false, ""
	c.RFC, c.Section = "RFC 3261", "8.1.3.2"
	return c, true
}

// AllSIP lists the entries of all listed status codes by number, without None
// and Unknown.
func AllSIP() []Code {
	var list []Code
	for code, c := range sipTable() {
		if code > 0 {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b Code) int { return a.Code - b.Code })
	return list
}

// Label names a code for tables: "503 Service Unavailable", "499 (unlisted)",
// "no response", "no code in the record".
func Label(code int) string {
	c, ok := sipTable()[code]
	switch {
	case !ok:
		return fmt.Sprintf("%d (unlisted)", code)
	case code == None || code == Unknown:
		return c.Phrase
	}
	return fmt.Sprintf("%d %s", code, c.Phrase)
}

var sipTable = sync.OnceValue(func() map[int]Code {
	table := map[int]Code{}
	for _, r := range rows("sip.tsv") {
		code := r.number("code")
		class := ClassOf(code)
		table[code] = Code{
			Code: code, Known: true, Phrase: r.text("phrase"),
			Class: class, ClassName: classNames[class],
			RFC: r.text("rfc"), Section: r.text("section"),
			Registered: r.yes("registered"), Seed: r.yes("seed"), ForInvite: r.yes("invite"),
			Group: r.text("group"), Failure: r.text("failure"), Party: r.text("party"),
			SEER: r.yes("seer"), ISA: r.yes("isa"), NER: r.text("ner"),
			Q850: r.number("q850"), Q850How: r.text("q850_how"), Q850Location: r.text("location"),
			Meaning: r.text("meaning"), FirstCheck: r.text("first_check"), Note: r.text("note"),
		}
	}
	return table
})
