// Package sample holds invented reports to draw, print and test: a small hotel
// with two carriers and a PSTN gateway, whose carrier-a answered 503 on a
// Tuesday afternoon. All names, numbers and calls are made up.
package sample

import (
	"math"
	"time"

	"callsift/analyze"
)

// Zone of the hotel.
var Zone = zone()

func zone() *time.Location {
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return time.FixedZone("Europe/Berlin", 3600)
	}
	return loc
}

// Monday is the first day of the sample week, 2026-W46.
var Monday = time.Date(2026, 11, 9, 0, 0, 0, 0, Zone)

// Ratio is x of n with its Wilson 95 % interval.
func Ratio(x, n int64) analyze.Ratio {
	r := analyze.Ratio{Num: x, Den: n}
	if n == 0 {
		return r
	}
	const z = 1.96
	p, m := float64(x)/float64(n), float64(n)
	centre := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	r.Low, r.High = math.Max(0, centre-half), math.Min(1, centre+half)
	return r
}

// Hotel is the week with the incident. Its parts agree with each other: outcomes,
// classes, days, trunks and the ledger all sum to 4,032 calls.
func Hotel() *analyze.Report {
	r := &analyze.Report{
		Title:  "Hotel Seeblick",
		Period: analyze.Period{From: Monday, To: Monday.AddDate(0, 0, 7), Label: "2026-W46"},
		Hours:  168, Covered: 163.5,
		Gaps:  []analyze.Period{{From: Monday.Add(99*time.Hour + 30*time.Minute), To: Monday.Add(104 * time.Hour), Label: "gap"}},
		Scope: "call", Zone: "Europe/Berlin", Rules: "1",
		Checksum: "5f2b6c0f4f1d3c9a8e7b6a5d4c3b2a19080706050403020100ffeeddccbbaa99",
		Previous: map[string]analyze.Metric{},
		Excluded: []analyze.Excluded{{Name: "scanner probes", Count: 118}, {Name: "truncated at the start of a source", Count: 9}, {Name: "in-dialog requests of unknown dialogs", Count: 14}},
		Warnings: []string{"om50-events.xml: 3 events without a time"},
	}
	r.Codes = codeRows()
	for i := range r.Codes {
		r.Codes[i].OfFinals = Ratio(r.Codes[i].Count, 4032)
		r.Codes[i].OfFailures = Ratio(r.Codes[i].Failed, 277)
	}
	days(r)
	heat(r)
	trunks(r)
	r.PDD = delays()
	kpis(r)
	r.Incidents = []analyze.Incident{{
		From: Monday.Add(38*time.Hour + 5*time.Minute), To: Monday.Add(41*time.Hour + 20*time.Minute),
		Trunk: "carrier-a", Code: 503, Cause: `Q.850 34 "no circuit/channel available" (observed)`, Failed: 171, Expected: 1.9,
		Calls: []string{"c-20261110-140712-0091", "c-20261110-151133-0140", "c-20261110-164502-0203"},
	}, {
		From: Monday.Add(80*time.Hour + 45*time.Minute), To: Monday.Add(81*time.Hour + 30*time.Minute),
		Trunk: "pstn", Code: 404, Cause: "Not Found", Failed: 12, Expected: 0.8, Calls: []string{"c-20261112-084901-0007"},
	}}
	r.Verdict = []string{
		"6.9 % of 4,016 rated calls failed (last week 2.9 %).",
		"62 % of the failures (171 of 277) are 503 Service Unavailable from trunk carrier-a on Tue 10 Nov, 14:05–17:20.",
		"Coverage is 163.5 of 168 h: Fri 13 Nov 03:30–08:00 has no data.",
	}
	inputs(r)
	why(r)
	return r
}

func codeRows() []analyze.CodeRow {
	row := func(class string, code int, label string, a, u, ab, f int64, meaning, check, cause string, ids ...string) analyze.CodeRow {
		return analyze.CodeRow{Class: class, Code: code, Label: label, Meaning: meaning, FirstCheck: check, TopCause: cause, Examples: ids,
			Tally: analyze.Tally{Count: a + u + ab + f, Answered: a, User: u, Abandoned: ab, Failed: f}}
	}
	other := func(r analyze.CodeRow, redirected, inProgress int64) analyze.CodeRow {
		r.Redirected, r.InProgress = redirected, inProgress
		r.Count += redirected + inProgress
		return r
	}
	return []analyze.CodeRow{
		row("2xx", 200, "200 OK", 2871, 0, 0, 0, "Answered", "", "", "c-20261109-070211-0003"),
		row("4xx", 486, "486 Busy Here", 0, 391, 0, 0, "Callee busy at this device", "Usually people. A cluster on one trunk without delay is a channel limit.", "Q.850 17", "c-20261109-091544-0021"),
		row("4xx", 487, "487 Request Terminated", 0, 0, 318, 0, "The caller hung up before an answer", "Early ones after a long post-dial delay: look at PDD.", "", "c-20261109-101203-0034"),
		row("5xx", 503, "503 Service Unavailable", 0, 0, 0, 178, "Overload, maintenance or no free circuit", "Trunk channels exhausted, registration lost or a carrier outage: obey Retry-After, fail over.", "Q.850 34", "c-20261110-140712-0091", "c-20261110-151133-0140", "c-20261110-164502-0203"),
		row("4xx", 480, "480 Temporarily Unavailable", 0, 140, 0, 0, "Callee known but not reachable now", "Before any ringing: phone not registered or do-not-disturb.", "Q.850 19", "c-20261111-081920-0011"),
		row("4xx", 404, "404 Not Found", 0, 0, 0, 52, "Number does not exist here", "Dialled format (+49…), DID provisioning, domain of the request.", "Q.850 1", "c-20261112-084901-0007"),
		row("4xx", 408, "408 Request Timeout", 0, 0, 0, 21, "No answer from further downstream in time", "Next hop dead, DNS, firewall, NAT pinhole gone.", "", "c-20261114-112010-0055"),
		row("6xx", 603, "603 Decline", 0, 19, 0, 0, "Callee declined", "People.", ""),
		other(row("3xx", 302, "302 Moved Temporarily", 0, 0, 0, 0, "Forwarded by the callee's phone", "Not a failure unless nobody follows it.", ""), 11, 0),
		row("none", 0, "no response", 0, 0, 0, 17, "Nothing came back", "Address, firewall, is the peer up at all.", "", "c-20261115-020301-0001"),
		row("4xx", 488, "488 Not Acceptable Here", 0, 0, 0, 9, "Session description rejected", "Compare the offered codecs with the peer's list; SRTP required against RTP.", `Warning 304 "Media type not available"`),
		other(row("1xx", 183, "183 Session Progress", 0, 0, 0, 0, "Still ringing when the source ended", "", ""), 0, 5),
	}
}
