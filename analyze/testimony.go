package analyze

import (
	"fmt"
	"slices"
	"strings"
)

// Witness looks into the messages of a call, which only the write side can read:
// what was offered and answered, and what else a status line does not say.
type Witness func(call string) (Testimony, error)

// Testimony is what the messages of one call say beside its codes.
type Testimony struct {
	Offered    []string // codecs of the INVITE's offer
	Answered   []string // codecs that the other side named in its refusal or answer
	Trying     bool     // a 100 came
	RetryAfter string   // of the final response; "" none
	Warning    string
	Nonces     int  // different nonces in challenges; 0 none
	Authorized bool // a request with credentials was sent
	OwnNonce   bool // ... for the nonce of a challenge
}

// asked is how many calls the witness is asked about.
const asked = 3

// fromMessages looks into three calls of the finding.
func (d *driver) fromMessages(add func(string, string, ...any)) {
	if d.g.q.Witness == nil {
		return
	}
	var all []Testimony
	for _, name := range firstFew(d.members) {
		if len(all) == asked {
			break
		}
		if t, err := d.g.q.Witness(name); err == nil {
			all = append(all, t)
		}
	}
	if len(all) == 0 {
		return
	}
	t := all[0]
	code := 0
	if d.mode != nil {
		code = d.mode.code
	}
	every := func(has func(Testimony) bool) bool {
		return !slices.ContainsFunc(all, func(t Testimony) bool { return !has(t) })
	}
	switch {
	case (code == 488 || code == 415 || code == 606) && len(t.Offered) > 0:
		text := fmt.Sprintf("Offered were %s", strings.Join(t.Offered, ", "))
		if len(t.Answered) > 0 {
			text += "; the refusal named " + strings.Join(t.Answered, ", ")
		} else {
			text += "; the refusal named no codec"
		}
		if t.Warning != "" {
			text += " (Warning: " + t.Warning + ")"
		}
		add(proofCodecs, "%s.", text)
	case code == 503 && every(func(t Testimony) bool { return t.RetryAfter != "" }):
		add(proofRetryAfter, "The refusals say Retry-After: %s.", t.RetryAfter)
	case code == 503 && every(func(t Testimony) bool { return t.RetryAfter == "" }):
		add("no-retry", "The refusals carry no Retry-After.")
	case (code == 401 || code == 403 || code == 407) && every(func(t Testimony) bool { return t.Authorized }):
		switch {
		case every(func(t Testimony) bool { return t.OwnNonce && t.Nonces == 1 }):
			add(proofNonce, "The refusal came after credentials for the challenge's own nonce: it is the password or the account, not a stale nonce.")
		case t.Nonces > 1:
			add("nonces", "The challenges came with %d different nonces.", t.Nonces)
		case t.Nonces == 1:
			add("stale-nonce", "The credentials were for another nonce than the challenge's: they were stale.")
		}
	case code == 408 && every(func(t Testimony) bool { return t.Trying }):
		add(proofAfter100, "A 100 came before the 408.")
	case code == 408 && every(func(t Testimony) bool { return !t.Trying }):
		add(proofNo100, "No 100 came before the 408.")
	}
}
