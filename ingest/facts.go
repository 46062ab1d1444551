package ingest

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"callsift/store"
)

// Facts are what the messages of a call say beside their codes. Some of it is in
// the original bytes alone, so it needs the sources where they were read from.
type Facts struct {
	Offered    []string // codecs of the first INVITE's SDP
	Answered   []string // codecs in the SDP of the refusal
	Trying     bool     // a 100 came
	RetryAfter string   // of the last response, "30 s"
	Warning    string
	Nonces     int  // different nonces in challenges
	Authorized bool // an INVITE with credentials was sent
	OwnNonce   bool // ... for the nonce of a challenge
}

// FactsOf reads the facts of a call.
func FactsOf(ctx context.Context, db *store.DB, call *store.Attempt) (Facts, error) {
	var f Facts
	steps, err := Trace(ctx, db, call)
	if err != nil {
		return f, err
	}
	nonces := map[string]bool{}
	for i := range steps {
		s := &steps[i]
		status, _ := strconv.Atoi(strings.SplitN(s.Text, " ", 2)[0])
		f.Trying = f.Trying || status == 100
		if status >= 300 {
			if _, after, ok := strings.Cut(s.Detail, "Retry-After: "); ok {
				f.RetryAfter = after
			}
			if _, after, ok := strings.Cut(s.Detail, "Warning: "); ok {
				f.Warning, _, _ = strings.Cut(after, " Retry-After:")
			}
		}
		if s.Text != "INVITE" && status < 300 {
			continue
		}
		raw, err := Raw(ctx, s)
		if err != nil {
			continue // the source is gone; what the store holds is told all the same
		}
		switch {
		case status == 401 || status == 407:
			if m := nonceOf().FindSubmatch(raw); m != nil {
				nonces[string(m[1])] = true
			}
		case status >= 300:
			f.Answered = codecsOf(raw)
		default:
			if credentials().Match(raw) {
				f.Authorized = true
				m := nonceOf().FindSubmatch(raw)
				f.OwnNonce = m != nil && nonces[string(m[1])]
			}
			if f.Offered == nil {
				f.Offered = codecsOf(raw)
			}
		}
	}
	f.Nonces = len(nonces)
	return f, nil
}

var (
	nonceOf     = lazily(`(?i)\bnonce="([^"]*)"`)
	credentials = lazily(`(?i)\b(?:Proxy-)?Authorization:`)
	rtpmap      = lazily(`a=rtpmap:(\d+) ([A-Za-z0-9._-]+)/`)
	mediaLine   = lazily(`m=([a-z]+) \d+ (\S+)((?: \S+)*)`)
)

// staticCodecs are the payload types of RFC 3551 that a PBX meets without rtpmap.
var staticCodecs = map[string]string{"0": "PCMU", "3": "GSM", "4": "G723", "8": "PCMA", "9": "G722", "15": "G728", "18": "G729"}

// codecsOf reads the codecs of an SDP, whatever stands before its lines in a log:
// names in the order of the m= lines, media other than audio by the line's name.
func codecsOf(raw []byte) []string {
	names := map[string]string{}
	for _, m := range rtpmap().FindAllSubmatch(raw, -1) {
		names[string(m[1])] = string(m[2])
	}
	var list []string
	add := func(name string) {
		if name != "telephone-event" && !slices.Contains(list, name) {
			list = append(list, name)
		}
	}
	for _, m := range mediaLine().FindAllSubmatch(raw, -1) {
		kind, profile := string(m[1]), string(m[2])
		if kind != "audio" {
			add(kind + " " + profile)
			continue
		}
		for f := range strings.FieldsSeq(string(m[3])) {
			switch {
			case names[f] != "":
				add(names[f])
			case staticCodecs[f] != "":
				add(staticCodecs[f])
			}
		}
		if strings.Contains(profile, "SAVP") {
			add("SRTP (" + profile + ")")
		}
	}
	return list
}

// lazily compiles an expression when it is first used: those of all readers and
// writers together were 2 ms of the start of every command.
func lazily(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
