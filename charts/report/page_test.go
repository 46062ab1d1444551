package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"callsift/charts/internal/sample"
)

// element is what the page test needs of an element.
type element struct {
	name, table string
	attr        map[string]string
}

// parse reads the page as XML; the template writes it so that it is both. It
// gives all elements in order, each with the id of the table it is in.
func parse(t *testing.T, page []byte) []*element {
	t.Helper()
	// The page's own script is no XML; everything else is.
	from, to := bytes.Index(page, []byte("<script>")), bytes.LastIndex(page, []byte("</script>"))
	if from < 0 || to < from || !bytes.HasPrefix(page[to:], []byte("</script>\n</body>")) {
		t.Fatal("no script at the end of the page")
	}
	if string(page[from+len("<script>"):to]) != pageScript {
		t.Error("the script is not the page's own")
	}
	d := xml.NewDecoder(io.MultiReader(bytes.NewReader(page[:from]), bytes.NewReader(page[to+len("</script>"):])))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var all, open []*element
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := tok.(type) {
		case xml.StartElement:
			e := &element{name: x.Name.Local, attr: map[string]string{}}
			if len(open) > 0 {
				e.table = open[len(open)-1].table
			}
			for _, a := range x.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			if e.name == "table" {
				e.table = e.attr["id"]
			}
			all, open = append(all, e), append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
}

func TestPageLoadsNothing(t *testing.T) {
	for name, r := range sample.Extremes() {
		page, err := page(r, Options{})
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, e := range parse(t, page) {
			for _, a := range []string{"src", "srcset", "data", "action", "poster", "background"} {
				if v, ok := e.attr[a]; ok {
					t.Errorf("%s: %s has %s=%q", name, e.name, a, v)
				}
			}
			if h, ok := e.attr["href"]; ok && !strings.HasPrefix(h, "#") {
				t.Errorf("%s: link to %q", name, h)
			}
			if e.name == "script" || e.name == "link" || e.name == "iframe" || e.name == "img" {
				t.Errorf("%s: element %s", name, e.name)
			}
			for a := range e.attr {
				if strings.HasPrefix(a, "on") {
					t.Errorf("%s: %s has %s", name, e.name, a)
				}
			}
			if id := e.attr["id"]; id != "" {
				if ids[id] {
					t.Errorf("%s: id %s twice", name, id)
				}
				ids[id] = true
			}
		}
		if regexp.MustCompile(`url\(|@import`).Match(page) {
			t.Errorf("%s: the style loads something", name)
		}
		for _, e := range parse(t, page) {
			if h := e.attr["href"]; len(h) > 1 && !ids[h[1:]] {
				t.Errorf("%s: link to %s, which is not there", name, h)
			}
		}
	}
}

func TestPageEscapes(t *testing.T) {
	page := string(packed(t, sample.Hostile())["report.html"])
	if strings.Count(page, "<script") != 1 || strings.Contains(page, "<img") {
		t.Error("foreign markup in the page")
	}
	if !strings.Contains(page, "&lt;script&gt;alert(2)&lt;/script&gt;") {
		t.Error("the sample is not shown")
	}
	if i := strings.IndexFunc(page, func(r rune) bool { return r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf) }); i >= 0 {
		t.Errorf("control character %q in the page", page[i:i+4])
	}
}

// The numbers of the page are those of report.json, in the same order.
func TestPageAgreesWithJSON(t *testing.T) {
	files := packed(t, sample.Hotel())
	var doc document
	if err := json.Unmarshal(files["report.json"], &doc); err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	captions := map[string]bool{}
	for _, e := range parse(t, files["report.html"]) {
		switch {
		case e.name == "data":
			got[e.table] = append(got[e.table], short(e.attr["value"]))
		case e.name == "caption":
			captions[e.table] = true
		case e.name == "th" && e.attr["scope"] == "":
			t.Errorf("%s: th without a scope", e.table)
		}
	}
	want := map[string][]string{"": {float(doc.Coverage.Covered)}}
	raw := func(k *kpi) string {
		if k == nil || k.Value == nil {
			return ""
		}
		return short(float(*k.Value))
	}
	num := func(f float64) string { return short(float(f)) }
	value := func(q ratio) string { return short(float(*q.Value)) }
	changed := map[string][]string{} // difference and median of a row, by table and key
	var changes struct {
		Tables []struct {
			By   string
			Rows []struct {
				Key          string
				Now, Before  ratio
				Diff, Median *float64
			}
		}
	}
	if err := json.Unmarshal(doc.Changes, &changes); err != nil {
		t.Fatal(err)
	}
	for _, x := range changes.Tables {
		for _, c := range x.Rows {
			changed[x.By+" "+c.Key] = []string{num(*c.Diff), num(*c.Median)}
			if x.By != "kpi" {
				id := "t-change-" + x.By
				want[id] = append(want[id], value(c.Now), value(c.Before), num(*c.Diff), num(*c.Median))
			}
		}
	}
	kpis := func(id string, names ...string) {
		for _, k := range doc.KPIs {
			if names == nil || slices.Contains(names, k.Name) {
				for _, side := range []*kpi{&k, k.Previous} {
					if s := raw(side); s != "" {
						want[id] = append(want[id], s)
					}
				}
				want[id] = append(want[id], changed["kpi "+k.Name]...)
			}
		}
	}
	kpis("t-kpis")
	kpis("t-failover", "pdd_p50", "pdd_p95")
	for _, c := range doc.Codes {
		want["t-codes"] = append(want["t-codes"], integer(c.Count), integer(c.Failed))
	}
	group := func(id string, rows []groupRow) {
		for _, g := range rows {
			want[id] = append(want[id], integer(g.Count), value(g.ASR), value(g.NER), integer(g.Failed), value(g.Failure))
		}
	}
	group("t-prefixes", doc.Prefixes)
	group("t-agents", doc.Agents)
	group("t-sources-calling", doc.Callers)
	for _, g := range doc.Trunks {
		want["t-trunks"] = append(want["t-trunks"], integer(g.Count), value(g.ASR), value(g.NER), integer(g.Failed), value(g.Failure))
	}
	for _, p := range doc.Pareto {
		want["t-pareto"] = append(want["t-pareto"], integer(p.Failed), num(float64(p.Failed)/float64(doc.Outcomes.Failed)), value(p.Sum))
	}
	for _, h := range doc.Worst {
		want["t-worst"] = append(want["t-worst"], integer(h.Rated), integer(h.Failed), num(h.Expected))
	}
	for _, a := range doc.Availability {
		want["t-availability"] = append(want["t-availability"], value(a.Ratio), integer(a.Unavailable), integer(a.Minutes))
	}
	for _, a := range doc.Anomalies {
		want["t-anomalies"] = append(want["t-anomalies"], num(*a.Value), integer(int64(a.Weeks)))
	}
	for _, m := range doc.Marks {
		id := "t-marks-failover"
		if m.Name == "dropped" || m.Name == "no_ack" {
			id = "t-marks-midcall"
		}
		want[id] = append(want[id], integer(m.Count), integer(m.Failed))
	}
	for _, l := range doc.Ledger {
		want["t-ledger"] = append(want["t-ledger"], integer(l.N))
	}
	for _, e := range doc.Excluded {
		want["t-excluded"] = append(want["t-excluded"], integer(e.Count))
	}
	for _, s := range doc.Sources {
		want["t-sources"] = append(want["t-sources"], integer(s.Records), integer(s.Rejected))
	}
	for _, x := range doc.Rejects {
		want["t-rejects"] = append(want["t-rejects"], integer(x.Count))
	}
	for _, f := range doc.Findings {
		var row struct{ Failed int64 }
		if err := json.Unmarshal(f, &row); err != nil {
			t.Fatal(err)
		}
		want[""] = append(want[""], integer(row.Failed))
	}
	classes := got["t-classes"]
	delete(got, "t-classes")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report.json (-) against the page (+):\n%s", diff)
	}
	if n := len(classes); n < 4 || classes[n-2] != integer(doc.Outcomes.Count) || classes[n-1] != integer(doc.Outcomes.Failed) {
		t.Errorf("class table ends with %v, want %d and %d", classes, doc.Outcomes.Count, doc.Outcomes.Failed)
	}
	for id := range want {
		if id != "" && !captions[id] {
			t.Errorf("table %s has no caption", id)
		}
	}
}
