package sample

import (
	"fmt"
	"math"
	"time"

	"callsift/analyze"
)

func days(r *analyze.Report) {
	// 2xx, 1xx, 3xx, 4xx, 5xx, 6xx, none by day.
	table := [7][7]int64{
		{468, 0, 2, 152, 1, 3, 2}, {431, 0, 2, 148, 172, 2, 3}, {476, 0, 1, 149, 2, 4, 1}, {455, 0, 2, 160, 1, 3, 2},
		{402, 0, 2, 134, 1, 4, 4}, {351, 0, 1, 103, 0, 2, 3}, {288, 5, 1, 85, 1, 1, 2},
	}
	names := []string{"2xx", "1xx", "3xx", "4xx", "5xx", "6xx", "none"}
	for d, row := range table {
		day := Monday.AddDate(0, 0, d)
		dc := analyze.DayClasses{Day: day, Data: true, Counts: map[string]int64{}}
		var n int64
		for i, c := range row {
			if c > 0 {
				dc.Counts[names[i]] = c
			}
			n += c
		}
		r.Days = append(r.Days, dc)
		rated := n - row[1] - row[2]
		failed := row[4] + row[6] + row[3]*82/931
		r.Trend = append(r.Trend, analyze.DayRatios{Day: day, Data: true, ASR: Ratio(row[0], rated), NER: Ratio(rated-failed, rated)})
	}
}

func heat(r *analyze.Report) {
	load := [24]int64{4, 2, 1, 0, 1, 3, 12, 28, 41, 44, 42, 38, 33, 35, 40, 42, 44, 41, 37, 30, 24, 17, 11, 7}
	r.Heat.MinCount = 20
	for d := range 7 {
		for h := range 24 {
			n := load[h]
			if d >= 5 {
				n = n * 7 / 10
			}
			c := &r.Heat.Cells[d][h]
			c.Data = !(d == 4 && h >= 3 && h < 8)
			if !c.Data {
				continue
			}
			n += int64(d*11+h*7)%5 + n/12 - 1
			c.Count, c.Rated, c.Failed = n, n, n*int64((d*13+h*29)%7)/140
			if d == 1 && h >= 14 && h <= 17 {
				c.Count, c.Rated = n+18, n+18
				c.Failed = []int64{50, 57, 54, 14}[h-14]
			}
			if d == 3 && h == 8 {
				c.Failed = 9
			}
		}
	}
	settle(&r.Heat, 4032, 4016, 277)
}

// settle makes the sums of the heat map those of the rest of the report.
func settle(h *analyze.Heat, count, rated, failed int64) {
	var n, q, f int64
	for d := range h.Cells {
		for _, c := range h.Cells[d] {
			n, q, f = n+c.Count, q+c.Rated, f+c.Failed
		}
	}
	for i := 0; i < 10000 && (n != count || q != rated || f != failed); i++ {
		c := &h.Cells[i%7][8+(i*3)%10]
		if n > count && c.Count > 25 {
			c.Count, n = c.Count-1, n-1
			c.Rated, q = c.Rated-1, q-1
		}
		if n < count {
			c.Count, n = c.Count+1, n+1
			c.Rated, q = c.Rated+1, q+1
		}
		if q > rated && c.Rated == c.Count {
			c.Rated, q = c.Rated-1, q-1
		}
		if q < rated && c.Rated < c.Count {
			c.Rated, q = c.Rated+1, q+1
		}
		if f < failed && c.Failed < 5 {
			c.Failed, f = c.Failed+1, f+1
		}
	}
}

func trunks(r *analyze.Report) {
	row := func(name, top string, a, u, ab, f, rest int64) {
		t := analyze.Tally{Count: a + u + ab + f + rest, Answered: a, User: u, Abandoned: ab, Failed: f, Redirected: rest}
		g := analyze.GroupRow{Name: name, Tally: t, TopCode: top, First: Monday.Add(7 * time.Hour), Last: Monday.Add(167 * time.Hour)}
		g.ASR, g.Failure, g.NER = Ratio(a, t.Rated()), Ratio(f, t.Rated()), Ratio(t.Rated()-f, t.Rated())
		r.Trunks = append(r.Trunks, g)
	}
	row("carrier-a", "503 Service Unavailable", 1482, 271, 166, 213, 6)
	row("carrier-b", "404 Not Found", 966, 189, 101, 31, 5)
	row("pstn", "404 Not Found", 423, 90, 51, 33, 5)
}

func delays() analyze.Histogram {
	h := analyze.Histogram{P50: 1376, P90: 3264, P95: 4480, P99: 9472, ErrorBound: 1.0 / 32}
	// Buckets like those of the store: 16 an octave, a log-normal hump.
	for low, step := int64(64), int64(4); low < 16384; {
		if low >= 32*step {
			step *= 2
		}
		mid := math.Log(float64(low) + float64(step)/2)
		density := math.Exp(-(mid-math.Log(1330))*(mid-math.Log(1330))/(2*0.42)) / (float64(low) + float64(step)/2)
		n := int64(2010*density*float64(step) + 0.5)
		if n > 0 {
			h.Bins = append(h.Bins, analyze.Bin{LowMS: low, HighMS: low + step, N: n})
			h.N += n
		}
		low += step
	}
	return h
}

func kpis(r *analyze.Report) {
	ratio := func(name, label, def string, x, n, px, pn int64, note string) {
		m := analyze.Metric{Name: name, Label: label, Definition: def, Unit: "%", Kind: "ratio", Ratio: Ratio(x, n), N: n, OK: n > 0, Note: note}
		r.KPIs = append(r.KPIs, m)
		m.Ratio, m.N, m.OK, m.Note = Ratio(px, pn), pn, pn > 0, ""
		r.Previous[name] = m
	}
	quantity := func(name, label, def, unit string, v, pv float64, n, pn int64) {
		m := analyze.Metric{Name: name, Label: label, Definition: def, Unit: unit, Kind: "quantity", Value: v, N: n, OK: true}
		r.KPIs = append(r.KPIs, m)
		m.Value, m.N = pv, pn
		r.Previous[name] = m
	}
	var ner int64
	for _, d := range r.Trend {
		ner += d.NER.Num
	}
	quantity("calls", "Calls", "calls that began in the period", "calls", 4032, 3987, 4032, 3987)
	quantity("answered", "Answered", "calls with a 2xx", "calls", 2871, 2990, 4032, 3987)
	ratio("failure_rate", "Failure rate", "failed / (calls − redirected − in progress − completed elsewhere)", 277, 4016, 115, 3972, "")
	ratio("asr", "Answer seizure ratio (ASR)", "answered / rated calls, ITU-T E.425", 2871, 4016, 2990, 3972, "")
	ratio("ner", "Network effectiveness ratio (NER)", "(answered + user + abandoned while ringing) / rated calls, ITU-T E.425", ner, 4016, 3832, 3972, "")
	ratio("seer", "Session establishment effectiveness ratio (SEER)", "(2xx, 480, 486, 600, 603) / (calls − 3xx), RFC 6076 §4.7", 3421, 4021, 3544, 3977, "")
	ratio("isa", "Ineffective session attempts (ISA)", "(408, 500, 503, 504) / calls, RFC 6076 §4.8", 199, 4032, 41, 3987, "")
	quantity("acd", "Average call duration (ACD)", "talk time / answered calls with a known end", "s", 143.2, 139.8, 2860, 2981)
	quantity("pdd_p50", "Post-dial delay, median", "first INVITE to the first response that tells the caller something, RFC 6076 §4.3", "ms", 1376, 1344, 3810, 3790)
	quantity("pdd_p95", "Post-dial delay, 95th percentile", "first INVITE to the first response that tells the caller something, RFC 6076 §4.3", "ms", 4480, 4352, 3810, 3790)
	ratio("short", "Short calls", "answered calls of under 6 s / answered calls with a known end", 97, 2860, 88, 2981, "")
	ratio("ira", "Ineffective registration attempts (IRA)", "REGISTER requests that failed / all, RFC 6076 §4.2", 0, 0, 0, 0, "n/a (no REGISTER in the sources)")
}

func inputs(r *analyze.Report) {
	r.Ledger = []analyze.LedgerLine{
		{Label: "messages", N: 41280}, {Label: "duplicates", Sign: "-", N: 960, Note: "same bytes seen twice"},
		{Label: "retransmissions", Sign: "-", N: 1212}, {Label: "messages that count", Sign: "=", N: 39108},
		{Label: "transactions", N: 13022}, {Label: "not an initial INVITE", Sign: "-", N: 8377, Note: "ACK, BYE, CANCEL, REGISTER, OPTIONS, in-dialog"},
		{Label: "challenges answered", Sign: "-", N: 402, Note: "401 and 407 with a retry"}, {Label: "attempts", Sign: "=", N: 4243},
		{Label: "folded into a call of several legs", Sign: "-", N: 211}, {Label: "calls", Sign: "=", N: 4032},
	}
	r.Sources = []analyze.SourceRow{
		{Path: "site/om50-2026-11-09.xml", Format: "newrock-om", SHA256: "9f1c0d" + fmt.Sprintf("%058d", 1), TZ: "Europe/Berlin", TZFrom: "flag", State: "imported", Records: 12840, First: Monday, Last: Monday.Add(167 * time.Hour)},
		{Path: "site/mx60-sip.log.gz", Format: "sip-text", SHA256: "77ab31" + fmt.Sprintf("%058d", 2), TZ: "Europe/Berlin", TZFrom: "config", State: "imported", Records: 24312, Rejected: 7, First: Monday.Add(time.Minute), Last: Monday.Add(167 * time.Hour)},
		{Path: "site/Master.csv", Format: "asterisk-master-csv", SHA256: "b2aa19" + fmt.Sprintf("%058d", 3), TZ: "Europe/Berlin", TZFrom: "uniqueid", State: "imported", Records: 4128, Rejected: 2, First: Monday.Add(6 * time.Hour), Last: Monday.Add(166 * time.Hour)},
		{Path: "site/notes.docx", Format: "", State: "unknown", Note: "looked for: newrock-om, sip-text, asterisk-master-csv, pcap, pcapng"},
	}
	r.Rejects = []analyze.RejectRow{
		{Path: "site/mx60-sip.log.gz", Reason: "message cut at 1,024 bytes", Sample: "INVITE sip:+4930555010@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2:5060;bran", Line: 1842, Count: 7},
		{Path: "site/Master.csv", Reason: "12 fields, want 16 to 21", Sample: `"","4930555010","201","default"`, Line: 77, Count: 2},
	}
}
