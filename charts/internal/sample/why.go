package sample

import (
	"fmt"
	"math"
	"slices"
	"time"

	"callsift/analyze"
)

// why fills what says why calls fail: causes, findings, comparison, lanes.
func why(r *analyze.Report) {
	pareto(r)
	group := func(name string, a, u, ab, f int64, top string) analyze.GroupRow {
		t := analyze.Tally{Count: a + u + ab + f, Answered: a, User: u, Abandoned: ab, Failed: f}
		return analyze.GroupRow{Name: name, Tally: t, TopCode: top, ASR: Ratio(a, t.Rated()), NER: Ratio(t.Rated()-f, t.Rated()), Failure: Ratio(f, t.Rated()), First: Monday, Last: Monday.Add(160 * time.Hour)}
	}
	r.Prefixes = []analyze.GroupRow{group("+4930", 1910, 310, 190, 220, "503 Service Unavailable"), group("+44", 322, 60, 31, 21, "404 Not Found"), group("", 639, 180, 97, 36, "")}
	r.Agents = []analyze.GroupRow{group("HotelPhone 3.1", 2610, 480, 300, 201, "503 Service Unavailable"), group("HotelPhone 2.9", 261, 70, 18, 76, "488 Not Acceptable Here")}
	r.Callers = []analyze.GroupRow{group("201", 120, 20, 11, 31, "503 Service Unavailable"), group("204", 99, 14, 6, 12, "404 Not Found")}
	r.Marks = []analyze.Mark{{Name: "scanner", Count: 118}, {Name: "auth_rejected", Count: 3, Failed: 3}, {Name: "recovered", Count: 41}, {Name: "dropped", Count: 12}, {Name: "no_ack", Count: 2}}
	tuesday := func(h, m int) time.Time {
		return Monday.Add(24*time.Hour + time.Duration(h)*time.Hour + time.Duration(m)*time.Minute)
	}
	r.Worst = []analyze.HourRow{
		{From: tuesday(15, 0), To: tuesday(16, 0), Count: 66, Rated: 66, Failed: 57, Expected: 4.5, TopTrunk: "carrier-a", TopCode: "503 Service Unavailable"},
		{From: tuesday(16, 0), To: tuesday(17, 0), Count: 66, Rated: 66, Failed: 54, Expected: 4.5, TopTrunk: "carrier-a", TopCode: "503 Service Unavailable"},
	}
	r.Findings = []analyze.Finding{{
		Rank: 1, Title: "171 of 188 calls over trunk carrier-a failed with 503 on Tue 10 Nov 14:05–17:20", Symptom: analyze.SymptomFailed, Scope: "leg",
		Keys: []analyze.KeyValue{{Key: "trunk", Value: "carrier-a"}, {Key: "code", Value: "503"}}, From: tuesday(14, 5), To: tuesday(17, 20),
		Count: 188, Failed: 171, Expected: 1.9, Excess: 169.1, Share: .61, Lift: 90, LiftLow: 61, LiftHigh: 140, Coverage: .97, Callers: 44, Callees: 120,
		Cause: `Q.850 34 "no circuit/channel available"`, Owner: analyze.Carrier, Why: "The carrier had no free circuit: the refusals came from its side with Q.850 34 and Retry-After.",
		FirstCheck: "Channels in use against contract; then the carrier.", Setting: "OM: Trunk > maximum concurrent calls.",
		Evidence: []string{"168 of 171 carried Retry-After.", "OPTIONS to the trunk were answered all the time."}, Refute: []string{"Calls over carrier-b to the same numbers in the same hours would have failed as well; 2 of 96 did."},
		Confidence: .99, Calls: []string{"c-20261110-140712-0091", "c-20261110-151133-0140", "c-20261110-164502-0203"},
	}, {
		Rank: 2, Title: "12 calls over trunk pstn failed with 404 on Thu 12 Nov 08:45–09:30", Symptom: analyze.SymptomFailed, Scope: "leg",
		Keys: []analyze.KeyValue{{Key: "trunk", Value: "pstn"}, {Key: "code", Value: "404"}, {Key: "prefix", Value: "+44"}}, From: Monday.Add(80*time.Hour + 45*time.Minute), To: Monday.Add(81*time.Hour + 30*time.Minute),
		Count: 14, Failed: 12, Expected: .8, Excess: 11.2, Share: .04, Lift: 15, LiftLow: 7.7, LiftHigh: 26, Coverage: .9, Cause: "Not Found", Owner: analyze.Ours, Confidence: .97,
		FirstCheck: "The dialled format of +44 numbers.", Calls: []string{"c-20261112-084901-0007"},
	}}
	r.Actions = []analyze.Action{
		{What: "Ask carrier-a for the channel limit of Tuesday", Evidence: "171 calls refused with 503 and Q.850 34 in 3 h 15 min", Owner: analyze.Carrier, Verify: "No 503 from carrier-a; peak of conversations over 23", Finding: 1},
		{What: "Check how +44 numbers are dialled over pstn", Evidence: "12 of 14 refused with 404", Owner: analyze.Ours, Verify: "Failure rate of +44 under 5 %", Finding: 2},
	}
	changes(r)
	r.Anomalies = []analyze.Anomaly{{Metric: "failed", From: tuesday(14, 0), To: tuesday(18, 0), Value: 175, Low: 0, High: 9, Weeks: 4}}
	r.Trunking = []analyze.Availability{
		{Trunk: "carrier-a", Covered: 9810, Unavailable: 171, Spans: []analyze.Period{{From: tuesday(14, 8), To: tuesday(15, 40)}, {From: tuesday(15, 50), To: tuesday(17, 9)}}, Ratio: Ratio(9639, 9810)},
		{Trunk: "carrier-b", Covered: 9810, Ratio: Ratio(9810, 9810)},
	}
	lanes(r)
	load(r)
}

func pareto(r *analyze.Report) {
	var total, sum int64
	var rows []analyze.CodeRow
	for _, c := range r.Codes {
		total += c.Failed
		if c.Failed > 0 {
			rows = append(rows, c)
		}
	}
	slices.SortStableFunc(rows, func(a, b analyze.CodeRow) int { return int(b.Failed - a.Failed) })
	for _, c := range rows[:min(3, len(rows))] {
		sum += c.Failed
		r.Pareto = append(r.Pareto, analyze.ParetoRow{Code: c.Code, CauseCode: c.Code, Label: c.Label, Cause: c.TopCause, Failed: c.Failed, Sum: Ratio(sum, total)})
	}
	r.Pareto = append(r.Pareto, analyze.ParetoRow{Other: true, Label: "other", Failed: total - sum, Sum: Ratio(total, total), Causes: max(0, len(rows)-3)})
}

// changes compares the week with the one before.
func changes(r *analyze.Report) {
	c := &r.Changes
	c.Scope, c.Method, c.Zone, c.With, c.Weeks = r.Scope, "INVITE", r.Zone, "period", 4
	c.Now, c.Before = r.Period, analyze.Period{From: Monday.AddDate(0, 0, -7), To: Monday, Label: "2026-W45"}
	row := func(key, label string, x, n, px, pn int64, arrow analyze.Arrow, note string) analyze.Change {
		now, before := Ratio(x, n), Ratio(px, pn)
		a, _ := now.Value()
		b, _ := before.Value()
		half := 1.96 * math.Sqrt(a*(1-a)/float64(n)+b*(1-b)/float64(pn))
		return analyze.Change{Key: key, Label: label, Unit: "%", Kind: analyze.KindRatio, Now: now, Before: before, NowValue: a, BeforeValue: b, NowOK: true, BeforeOK: true, Diff: a - b,
			Low: a - b - half, High: a - b + half, Phi: 1, Tested: note == "", Significant: arrow != "", Material: arrow != "", Arrow: arrow, Median: b, MedianOK: true, Weeks: 4, Note: note}
	}
	c.Tables = []analyze.ChangeTable{
		{By: "kpi", What: "key figures", Rows: []analyze.Change{row("failure_rate", "Failure rate", 277, 4016, 115, 3972, analyze.Up, ""), row("asr", "ASR", 2871, 4016, 2990, 3972, analyze.Down, "")}},
		{By: "code", What: "calls that ended so", Rows: []analyze.Change{
			row("503", "503 Service Unavailable", 178, 4032, 12, 3987, analyze.Up, ""), row("486", "486 Busy Here", 391, 4032, 402, 3987, "", ""),
			row("200", "200 OK", 2871, 4032, 2990, 3987, analyze.Down, ""), row("404", "404 Not Found", 52, 4032, 41, 3987, "", ""), row("488", "488 Not Acceptable Here", 9, 4032, 2, 3987, "", "low volume"),
		}},
		{By: "trunk", What: "failed of all calls", Rows: []analyze.Change{row("carrier-a", "", 213, 2132, 40, 2104, analyze.Up, ""), row("carrier-b", "", 31, 1287, 33, 1251, "", "")}},
	}
	c.Effects = analyze.Effects{Total: 162, Rate: 158, Mix: 1, Volume: 3}
}

func lanes(r *analyze.Report) {
	for i, name := range []string{"carrier-a", "carrier-a", "carrier-a", "carrier-b", "pstn"} {
		l := analyze.Lane{Name: name, Method: [...]string{"INVITE", "OPTIONS", "REGISTER", "INVITE", "INVITE"}[i], Step: time.Hour, Bins: make([]analyze.LaneBin, 168)}
		for h := range l.Bins {
			c := r.Heat.Cells[h/24][h%24]
			l.Bins[h] = analyze.LaneBin{Rated: c.Rated / int64(i+1), Failed: int64((h*7+i)%23) / 22}
			if i == 0 {
				l.Bins[h].Failed = c.Failed
			}
			if l.Method != "INVITE" && c.Data {
				l.Bins[h] = analyze.LaneBin{Rated: 4}
				if h == 39 && i == 1 {
					l.Bins[h].Failed = 1
				}
			}
			l.Bins[h].Failed = min(l.Bins[h].Failed, l.Bins[h].Rated)
			l.Count += l.Bins[h].Rated
		}
		r.Lanes = append(r.Lanes, l)
	}
	at := func(h int, kind, subject string) analyze.Happening {
		return analyze.Happening{Time: Monday.Add(time.Duration(h) * time.Hour), Kind: kind, Device: "om50", Subject: subject}
	}
	r.Happened = []analyze.Happening{at(5, "BOOTUP", ""), at(31, "OFFLINE", "131"), at(33, "ONLINE", "131"), at(38, "FAILED", "30"), at(61, "OFFLINE", "106"), at(62, "ONLINE", "106"), at(62, "ODD", fmt.Sprint(7))}
}

func load(r *analyze.Report) {
	for i := range 168 * 4 {
		t := Monday.Add(time.Duration(i) * 15 * time.Minute)
		c := r.Heat.Cells[i/96][i/4%24]
		r.Load = append(r.Load, analyze.LoadPoint{Time: t, Data: c.Data, Peak: min(23, c.Count*int64(3+i%4)/6), Begun: c.Count / 4})
	}
}
