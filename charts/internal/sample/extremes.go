package sample

import (
	"fmt"
	"strings"

	"callsift/analyze"
)

// Empty is a week that no source covers.
func Empty() *analyze.Report {
	return &analyze.Report{
		Title: "Hotel Seeblick", Scope: "call", Zone: "Europe/Berlin", Rules: "1", Hours: 168,
		Period: analyze.Period{From: Monday, To: Monday.AddDate(0, 0, 7), Label: "2026-W46"},
		PDD:    analyze.Histogram{P50: -1, P90: -1, P95: -1, P99: -1},
	}
}

// Zeros is a week that is covered and has no call.
func Zeros() *analyze.Report {
	r := Empty()
	r.Covered = 168
	for d := range 7 {
		r.Days = append(r.Days, analyze.DayClasses{Day: Monday.AddDate(0, 0, d), Data: true, Counts: map[string]int64{"2xx": 0}})
		r.Trend = append(r.Trend, analyze.DayRatios{Day: Monday.AddDate(0, 0, d), Data: true})
		for h := range 24 {
			r.Heat.Cells[d][h].Data = true
		}
	}
	r.Trunks = []analyze.GroupRow{{Name: "carrier-a"}}
	return r
}

// Hostile is the hotel with names and phrases as an attacker would send them.
func Hostile() *analyze.Report {
	r := Hotel()
	r.Title = "\x1b[31mHotel</title><script>alert(1)</script>\x07"
	r.Trunks[0].Name = `<script>alert("trunk")</script>`
	r.Trunks[1].Name = "=cmd|' /C calc'!A0"
	r.Trunks[2].Name = "酒店\u202etxt\xff\x00]]>"
	r.Codes[3].TopCause = "+1+1\x1b]0;title\x07"
	r.Codes[3].Examples = []string{`"><img src=http://192.0.2.1/x>`, "@SUM(1)", "\t=1"}
	r.Incidents[0].Trunk = r.Trunks[0].Name
	r.Rejects[0].Sample = "User-Agent: <script>alert(2)</script>\x1b[2J"
	most := 0.05
	r.Targets = []analyze.TargetResult{{Target: analyze.Target{Metric: "failure_rate", AtMost: &most}, Label: "Failure rate", Unit: "%", Value: 0.069, OK: true}}
	return r
}

// Extremes are reports of odd sizes to look at, by name.
func Extremes() map[string]*analyze.Report {
	one := Hotel()
	one.Period.To, one.Period.Label = Monday.AddDate(0, 0, 1), "2026-11-09"
	one.Days, one.Trend, one.Trunks, one.Codes = one.Days[:1], one.Trend[:1], one.Trunks[:1], one.Codes[:4]
	one.PDD = analyze.Histogram{Bins: []analyze.Bin{{LowMS: 17, HighMS: 18, N: 1}}, N: 1, P50: 17, P90: 17, P95: 17, P99: 17}

	many := Hotel()
	many.Trunks, many.Days, many.Trend = nil, nil, nil
	for i := range 40 {
		g := analyze.GroupRow{Name: fmt.Sprintf("trunk-%02d.%s.example.net", i, strings.Repeat("long-name-", 1+i%4)), Tally: analyze.Tally{Count: int64(2000 - 49*i), Answered: int64(1400 - 35*i), User: 100, Failed: int64(560 - 14*i)}}
		g.Count = g.Answered + g.User + g.Failed
		g.Failure = Ratio(g.Failed, g.Rated())
		g.TopCode = "503 Service Unavailable"
		many.Trunks = append(many.Trunks, g)
	}
	for i := range 62 {
		d := Monday.AddDate(0, 0, i)
		dc := analyze.DayClasses{Day: d, Data: i%20 != 7 && i%20 != 8, Counts: map[string]int64{"2xx": int64(300 + i*7%90), "4xx": int64(80 + i*11%37), "5xx": int64(i * 5 % 13), "unknown": 9}}
		many.Days = append(many.Days, dc)
		many.Trend = append(many.Trend, analyze.DayRatios{Day: d, Data: dc.Data && i%20 != 10, ASR: Ratio(dc.Counts["2xx"], 480), NER: Ratio(470-dc.Counts["5xx"], 480)})
	}
	for i := range 30 {
		c := many.Codes[1+i%11]
		c.Code, c.Label = 420+i, fmt.Sprintf("%d Some Rather Long Reason Phrase That a Gateway Made Up %d", 420+i, i)
		many.Codes = append(many.Codes, c)
	}
	for h := range many.Heat.Cells {
		many.Heat.Cells[h][2] = analyze.HeatCell{}
	}
	many.Heat.Cells[6][2] = analyze.HeatCell{Missing: true}

	huge := Hotel()
	for i := range huge.Codes {
		huge.Codes[i].Count *= 1e6
		huge.Codes[i].Failed *= 1e6
		huge.Codes[i].User *= 1e6
	}
	for i := range huge.Days {
		for c := range huge.Days[i].Counts {
			huge.Days[i].Counts[c] *= 1e6
		}
		huge.Days[i].Data = i != 4
	}
	for i := range huge.Trend {
		huge.Trend[i].Data = i != 4
		huge.Trend[i].ASR, huge.Trend[i].NER = Ratio(9e8, 1e9-int64(i)), Ratio(999e6, 1e9)
	}
	for i := range huge.Trunks {
		t := &huge.Trunks[i].Tally
		for _, n := range []*int64{&t.Count, &t.Answered, &t.User, &t.Abandoned, &t.Failed, &t.Redirected} {
			*n *= 1e6
		}
	}
	for i := range huge.PDD.Bins {
		huge.PDD.Bins[i].N *= 1e6
	}
	huge.PDD.N *= 1e6
	huge.PDD.Bins = append(huge.PDD.Bins, analyze.Bin{LowMS: 1 << 20, HighMS: 1<<20 + 1<<16, N: 9e6})

	return map[string]*analyze.Report{"empty": Empty(), "zeros": Zeros(), "one": one, "many": many, "huge": huge, "hostile": Hostile()}
}
