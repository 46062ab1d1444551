package codes

import "testing"

func TestOutcomeOf(t *testing.T) {
	for outcome, list := range map[Outcome][]int{
		Answered:     {200, 202, 299},
		User:         {433, 480, 486, 600, 603, 607},
		Abandoned:    {487},
		Redirected:   {300, 302, 380, 399},
		NotConnected: {Unknown},
		Failed:       {None, 100, 183, 400, 401, 403, 404, 408, 484, 488, 491, 499, 500, 503, 604, 606, 608, 699, 700, -5},
	} {
		for _, code := range list {
			for _, rang := range []bool{false, true} {
				if got := OutcomeOf(code, rang); got != outcome {
					t.Errorf("OutcomeOf(%d, %v) = %s, want %s", code, rang, got, outcome)
				}
			}
		}
	}
}

func TestInNER(t *testing.T) {
	for _, test := range []struct {
		code int
		rang bool
		q850 int
		want bool
	}{
		{200, true, -1, true},
		{200, true, 38, true}, // the cause of a later BYE does not undo the answer
		{202, false, -1, true},
		{480, false, -1, true},
		{486, false, 0, true},
		{603, false, -1, true},
		{607, false, -1, true},
		{433, false, -1, false},
		{487, true, -1, true},
		{487, false, -1, false},
		{408, true, -1, true},
		{408, false, -1, false},
		{408, false, 18, true}, // Q.850 is nearer to the callee than the status
		{480, false, 34, false},
		{480, true, 16, true},
		{487, false, 16, false},
		{403, false, 21, true},
		{480, false, 31, true},  // says nothing: the status decides
		{486, false, 127, true}, // says nothing
		{487, true, 487, true},  // FreeSWITCH's own value
		{404, true, -1, false},
		{484, true, -1, false},
		{503, true, -1, false},
		{608, true, -1, false},
		{183, true, -1, false},
		{None, true, -1, false},
		{Unknown, true, -1, false},
		{699, true, -1, false},
	} {
		if got := InNER(test.code, test.rang, test.q850); got != test.want {
			t.Errorf("InNER(%d, %v, %d) = %v, want %v", test.code, test.rang, test.q850, got, test.want)
		}
	}
}

func TestNetworkBlock(t *testing.T) {
	for _, test := range []struct {
		code     int
		reason   string
		q850     int
		location string
		want     bool
	}{
		{603, "Network Blocked", -1, "", true},
		{603, "Decline", -1, "", false},
		{603, "Decline", 21, "U", false},
		{603, "Decline", 21, "RPN", false},
		{603, "Decline", 21, "", false},
		{403, "Forbidden", 21, "LN", true},
		{403, "Forbidden", 21, "rln", true},
		{486, "Busy Here", 17, "LN", false},
		{486, "Network Blocked", -1, "", false},
	} {
		if got := NetworkBlock(test.code, test.reason, test.q850, test.location); got != test.want {
			t.Errorf("NetworkBlock(%d, %q, %d, %q) = %v", test.code, test.reason, test.q850, test.location, got)
		}
	}
}

// The hundred attempts that rule R3 is explained with: ASR 60, SEER 80, NER 95, ISA 0.
func TestRatiosOfHundred(t *testing.T) {
	var answered, ner, seer, isa int
	add := func(n, code int, rang bool) {
		if OutcomeOf(code, rang) == Answered {
			answered += n
		}
		if InNER(code, rang, -1) {
			ner += n
		}
		if InSEER(code) {
			seer += n
		}
		if InISA(code) {
			isa += n
		}
	}
	add(60, 200, true)
	add(20, 486, false)
	add(15, 487, true)
	add(5, 487, false)
	if answered != 60 || ner != 95 || seer != 80 || isa != 0 {
		t.Errorf("answered %d, NER %d, SEER %d, ISA %d, want 60, 95, 80, 0", answered, ner, seer, isa)
	}
}

// Answered attempts count in every ratio's numerator, and the lists of RFC 6076
// §4.7 and §4.8 are kept to the letter otherwise.
func TestRatioLists(t *testing.T) {
	seer := map[int]bool{480: true, 486: true, 600: true, 603: true}
	isa := map[int]bool{None: true, 408: true, 500: true, 503: true, 504: true}
	for code := -1; code < 800; code++ {
		answered := OutcomeOf(code, false) == Answered
		if answered && !InNER(code, false, 38) {
			t.Errorf("%d is answered and not in NER", code)
		}
		if InSEER(code) != (answered || seer[code]) {
			t.Errorf("InSEER(%d) = %v", code, InSEER(code))
		}
		if InISA(code) != isa[code] {
			t.Errorf("InISA(%d) = %v", code, InISA(code))
		}
	}
}
