package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"callsift/charts/internal/words/left"
	"callsift/store/codes"
)

var (
	sentence = regexp.MustCompile(`[A-Za-z]{2,}[,;:]? [a-z]{2,}|^[A-Z][a-z]+ .*\.$`)
	verb     = regexp.MustCompile(`%[-+0-9.]*[a-z]`)
	key      = regexp.MustCompile(`\{[a-z_]+\}`)
)

// example puts examples into the places of a text.
func example(text string) string {
	text = verb.ReplaceAllStringFunc(text, func(v string) string {
		switch v[len(v)-1] {
		case 'f':
			return "1.5"
		case 'q':
			return `"12"`
		}
		return "12"
	})
	return key.ReplaceAllString(strings.ReplaceAll(text, "%%", "%"), "carrier-a")
}

// pieceOf are texts that the code puts together, each with a whole as a report has it;
// "" where no report has it.
var pieceOf = map[string]string{
	" The %d rows that tell most; %s more are in tables/changes.csv.": "Failed of all. The 25 rows that tell most; 12 more are in tables/changes.csv.",
	// analyze
	"When they failed, calls at once%s stood at %d to %d, the most of the whole period, in %d of %d; it was as high in %d of %s minutes.": "When they failed, calls at once on trunk carrier-a stood at 29 to 30, the most of the whole period, in 41 of 44; it was as high in 52 of 10,080 minutes.",
	"week of ":      "week of 2026-11-15",
	"called number": "1 called number", "called numbers": "27 called numbers",
	"Offered were %s": "Offered were PCMA, G729; the refusal named PCMU.", "; the refusal named ": "Offered were PCMA; the refusal named PCMU (Warning: 304).", "; the refusal named no codec": "Offered were PCMA; the refusal named no codec.",
	" were to be expected":             "where 1.5 were to be expected.",
	"The same calls in another view: ": "The same calls in another view: 12 of 30 calls on trunk carrier-a were cut off, where 0.3 were to be expected.", "%s, where %s": "The same calls in another view: 12 of 30 answered calls were over within 6 s, where 0.3 were to be expected.",
	"In the same hours %s, in records without a SIP code (%s): most likely the same trouble, seen by another box.": "In the same hours 42 of 55 attempts on trunk carrier-a failed with CONGESTION, where 0.6 were to be expected, in records without a SIP code (mx60): most likely the same trouble, seen by another box.",
	"Its calls do not tell that it is over; the last of it was before ":                                            "Its calls do not tell that it is over; the last of it was before Sat 2026-11-14 14:00.",
	" on trunk ": "12 of 30 attempts on trunk carrier-a to prefix 030 from 12 failed with no response, Tue 10 Nov 14:00–17:30", " to prefix ": "12 of 30 calls to prefix 030 ended with 12, since Tue 10 Nov 14:00",
	" of device ": "12 of 30 attempts of device mx60 failed with 503 Service Unavailable, 10:00–12:00 on Mon 9 Nov to Fri 13 Nov", " by caller ": "30 calls by caller 201 failed with 403 Forbidden, Tue 10 Nov 14:00 – Thu 12 Nov 09:15",
	"rang and ended": "12 of 30 calls rang and ended, Tue 10 Nov 14:00–17:30", "were given up before ringing": "12 of 30 calls on trunk carrier-a were given up before ringing, Tue 10 Nov 14:00–17:30",
	"were cut off": "12 of 30 answered calls on trunk carrier-a were cut off, Tue 10 Nov 14:00–17:30", "were over within 6 s": "12 of 30 answered calls were over within 6 s, Tue 10 Nov 14:00–17:30",
	" came to an end that counts.": "No request came to an end that counts.", "the period before": "12 of 30 attempts failed (40.0 %, 95 % interval 20.1–50.2 %); the period before: 2.0 % of 200, a significant change.",
	"; without the holidays and their weekdays: %s of %s": "12 of 30 calls failed (40.0 %, 95 % interval 20.1–50.2 %); without the holidays and their weekdays: 4.0 % of 300; the week before: 2.0 % of 200, a significant change.", "%s of %s": "",
	"the week before": "1 of 1 request failed (100.0 %, 95 % interval 20.1–100.0 %); the week before: 2.0 % of 200.", "; there is no data of ": "12 of 30 requests failed (40.0 %, 95 % interval 20.1–50.2 %); there is no data of the period before.",
	", a significant change": "12 of 30 calls failed (40.0 %, 95 % interval 20.1–50.2 %); the week before: 2.0 % of 200, a significant change.", ", no significant change of the week as a whole": "12 of 30 attempts failed (40.0 %, 95 % interval 20.1–50.2 %); the period before: 2.0 % of 200, no significant change of the week as a whole.",
	" in all.": "12 attempts in all.", "; the network did its part for %s of %s (NER %s)": "12 of 30 answered (ASR 40.0 %); the network did its part for 12 of 30 (NER 40.0 %).", "%s of %s answered (ASR %s)": "12 of 30 answered (ASR 40.0 %).",
	"%.0f %% of the failures (%s of %s) are %s": "12 % of the failures (12 of 30) are 503 Service Unavailable from an unknown trunk.", ", %s of them %s": "12 % of the failures (12 of 30) are CONGESTION from trunk carrier-a, 12 of them Tue 10 Nov 13:00–16:30.",
	"%s: %s of %s were %s; the rate of the rest of the period gives %.1f.": "Tue 10 Nov 13:00–16:15: 42 of 55 attempts were CONGESTION from trunk carrier-a; the rate of the rest of the period gives 0.3.", "%s of %s failed (%s, 95 %% interval %.1f–%.1f %%)": "12 of 30 calls failed (40.0 %, 95 % interval 20.1–50.2 %); there is no data of the week before.",
	" from an unknown trunk": "12 % of the failures (12 of 30) are no response from an unknown trunk, all Tue 10 Nov 13:00–16:30.", " from trunk ": "12 % of the failures (12 of 30) are 12 from trunk carrier-a.", "of unknown time": "Not in these figures: 12 of unknown time, 3 scanner.", "Not in these figures: ": "Not in these figures: 3 scanner.",
	"No %s in %s; sources cover %.0f of its %.0f hours.":         "No attempts in 2026-W46; sources cover 12 of its 168 hours.",
	"(answered + busy + no answer + declined or unavailable) / ": "(answered + busy + no answer + declined or unavailable) / (all - redirected - in progress - completed elsewhere), records that only say not connected left out; ITU-T E.425 §1.5",
	", records that only say not connected left out":             "(answered + busy + no answer + declined or unavailable) / (all - redirected - in progress - completed elsewhere), records that only say not connected left out; ITU-T E.425 §1.5",
	"the caller gave up before any ringing / ":                   "the caller gave up before any ringing / (all - redirected - in progress - completed elsewhere); callsift's own", "the caller gave up while it rang / ": "the caller gave up while it rang / (all - redirected - in progress - completed elsewhere); callsift's own",
	"answered or a user's outcome after a failed attempt / ": "answered or a user's outcome after a failed attempt / (all - redirected - in progress - completed elsewhere); callsift's own", "th percentile of ": "95th percentile of first response that tells the caller something - first INVITE; ITU-T E.721, RFC 6076 §4.3",
	"first response that tells the caller something - first INVITE": "95th percentile of first response that tells the caller something - first INVITE; ITU-T E.721, RFC 6076 §4.3", "Post-dial delay (PDD)": "Post-dial delay (PDD), 95 % within",
	"the %d busiest of %s callers": "Failed of all the 500 busiest of 1,182 callers.", "so this report counts attempts": "12 of the 30 calls are second legs of calls that om50 (192.0.2.1) passed on under new Call-IDs, and nothing in the messages joins them; so this report counts attempts",
	"use --scope leg": "", "--scope call: ": "", "--scope call: %s of the %s calls are second legs of calls that %s (%s) passed on under new Call-IDs, and nothing in the messages joins them; use --scope leg": "",
	"Rows count attempts on each trunk: ": "Rows count attempts on each trunk: 2,493 attempts for 2,252 calls, since a call that tries several legs is an attempt on each.", ", since a call that tries several legs is an attempt on each.": "", " of the period": "attempts of the period", "the lines above give ": "the lines above give 12",
	"too many calls to be read one by one: ask for it alone, or for a shorter period": "",
	// charts
	": no source covers it": "2026-W46: no source covers it", " by response class and day": "Requests by response class and day", " by final response as the caller saw it": "Counted: attempts by final response as the caller saw it", " No data on %d days.": "No data on 3 days.", " No data on ": "No data on Nov 9.",
	" without an answer, by response code": "Attempts without an answer, by response code", ", final response as the caller saw it": "Counted: requests, final response as the caller saw it", "% of all ": "% of all attempts", "All %s %s in %s were answered": "All 12 calls in 2026-W46 were answered",
	"%s of %s %s in %s were not answered. Most frequent: %s.": "12 of 30 attempts in 2026-W46 were not answered. Most frequent: 486 Busy Here: 3, 9.7 %, user; 487 Request Terminated: 2, 3.0 %, 1 failed.", "share of all ": "share of all requests", "the most at once in each ": "the most at once in each hour",
	" by the hour in which they began": "Counted: attempts by the hour in which they began", "failure rate = failed / (": "failure rate = failed / (requests − redirected − in progress − completed elsewhere), in %", " − redirected − in progress − completed elsewhere), in %": "", " Worst hours: ": "Worst hours: Tue 14–15 h: 12 of 30 failed (40.0 %).",
	", fewer than %d": "12 of 30 failed (40.0 %), fewer than 15", "%d messages between %d hosts, from %s to %s.": "12 messages between 2 hosts, from INVITE to BYE.", "Call from ": "Call from 201 to 202, Tue 10 Nov 14:00", " that failed": "Counted: attempts that failed", "No failed %s in %s": "No failed attempts in 2026-W46",
	"%s failed %s by cause: %s.": "12 failed calls by cause: 503 Service Unavailable 12 (40.0 %).", "Post-dial delay of %s: half under %s (p50), 95 %% under %s (p95), 99 %% under %s (p99).": "Post-dial delay of 12 attempts: half under 1.2 s (p50), 95 % under 2.4 s (p95), 99 % under 3.0 s (p99).",
	"the axis starts at ": "the axis starts at 40 %", "In %s ASR was %s and NER %s.": "In 2026-W46 ASR was 70 % and NER 90 %. The lowest NER was 64 % on Tue 10 Nov.", " The lowest NER was %s on %s.": "", " in all": "90 % in all", "What became of the ": "What became of the requests on each trunk", " on each trunk": "Counted: attempts on each trunk",
	" − redirected − in progress − completed elsewhere), with Wilson 95 % interval": "failure rate = failed / (attempts − redirected − in progress − completed elsewhere), with Wilson 95 % interval", "%s, %s failed in all. %s.": "5 trunks, 12 failed in all. carrier-a: 12 of 30 failed (40.0 %).", "most failures: ": "most failures: no code in the record",
	", Arial, Helvetica, sans-serif": "", "Changes by ": "Changes by user agent", ". The difference has its 95 % interval; ▲ and ▼ stand only where it is significant and large enough to matter.": "Ended so, of all. The difference has its 95 % interval; ▲ and ▼ stand only where it is significant and large enough to matter.",
	"No %s in %s.": "No attempts in 2026-W46.", "They are listed by ": "They are listed by callsift calls --week 2026-W46", " − redirected − in progress − completed elsewhere: what had a chance to be answered and is known to have ended.": "attempts − redirected − in progress − completed elsewhere: what had a chance to be answered and is known to have ended.",
	"The ladders of %s are left out, since the file would be too large.": "The ladders of 12 calls are left out, since the file would be too large.", " Failure rate with its 95 % interval.": "Failure rate with its 95 % interval.",
	"No data ": "No data Tue 2026-11-10 13:00–16:30: unknown, not zero.", ": unknown, not zero.": "", "check first: ": "check first: Let a second trunk take over.", "The carrier's; ": "The carrier's", "The customer's; ": "The customer's", "yyyy-mm-dd hh:mm": "", "post-dial delays": "No post-dial delays in 2026-W46", "only provisional": "1xx only provisional",
}

// unseen begin texts that are no part of a report: markup, warnings on the terminal,
// and the list of charts in the help.
var unseen = regexp.MustCompile(`^(<|"?><|}}?\n?@media|}\n|default-src|the font of PNG|: OpenType|chart %s: no glyph|per trunk:|top response codes|distribution of|causes of failures with|this period against the one before, by code, with|what explains|trunks over the week|conversations at once by|calls by response class, stacked|failure rate by hour|ASR and NER by day)`)

func TestEverySentence(t *testing.T) {
	for _, name := range []string{
		"analyze/*.go", "charts/*.go", "charts/report/*.go",
	} {
		files, err := filepath.Glob(filepath.Join("../../..", name))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no such file", name)
		}
		for _, file := range files {
			if base := filepath.Base(file); strings.HasSuffix(file, "_test.go") || base == "schema.go" || base == "jsonschema.go" || base == "sql.go" {
				continue // JSON and SQL are in English
			}
			for _, text := range texts(t, file) {
				if unseen.MatchString(text) {
					continue
				}
				if whole, ok := pieceOf[text]; ok {
					text = whole
				}
				if en := left.English(Chinese.Say(example(text))); en != "" {
					t.Errorf("%s: %q: %q stays English in %q", filepath.Base(file), text, en, Chinese.Say(example(text)))
				}
			}
		}
	}
}

// texts are the literals of a file that are sentences, without those of errors.
func texts(t *testing.T, file string) []string {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	ast.Inspect(f, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.CallExpr:
			if fun, ok := x.Fun.(*ast.SelectorExpr); ok && (fun.Sel.Name == "Errorf" || fun.Sel.Name == "New") {
				return false
			}
		case *ast.KeyValueExpr: // a rule's name
			if k, ok := x.Key.(*ast.Ident); ok && k.Name == "name" {
				return false
			}
		case *ast.BasicLit:
			if text, err := strconv.Unquote(x.Value); x.Kind == token.STRING && err == nil && sentence.MatchString(text) {
				list = append(list, text)
			}
		}
		return true
	})
	return list
}

// What every code means and what to check first is Chinese, and every cause of Q.850.
func TestEveryCode(t *testing.T) {
	check := func(text string) {
		if en := left.English(Chinese.Say(text)); en != "" {
			t.Errorf("%q: %q stays English in %q", text, en, Chinese.Say(text))
		}
	}
	n := 0
	for code := -1; code < 700; code++ {
		if c, ok := codes.SIP(code); ok {
			n++
			check(c.Meaning)
			check(c.FirstCheck)
		}
	}
	for code := range 128 {
		if c, ok := codes.Q850(code); ok {
			n++
			check("Q.850 " + strconv.Itoa(code) + " " + c.Name)
		}
	}
	if n < 150 {
		t.Errorf("%d codes, want the tables' 158", n)
	}
}
