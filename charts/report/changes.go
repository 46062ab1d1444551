package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"callsift/analyze"
	"callsift/charts"
	"callsift/charts/internal/show"
)

// signed is a number of calls with its sign.
func signed(f float64) string {
	s := show.Count(int64(f + 0.5))
	if f < 0 {
		return "−" + show.Count(int64(-f+0.5))
	}
	return "+" + s
}

// changeValue writes a side of a change.
func changeValue(c *analyze.Change, q analyze.Ratio, v float64, ok bool) cell {
	switch {
	case !ok:
		return plain(show.None)
	case c.Kind == analyze.KindRatio:
		return cell{Text: show.Percent(v), Raw: float(v)}.under(show.Count(q.Num) + " of " + show.Count(q.Den))
	}
	return cell{Text: quantity(v, c.Unit), Raw: float(v)}
}

// quantity is a value with its unit.
func quantity(v float64, unit string) string {
	switch unit {
	case "ms":
		return show.Millis(int64(v + 0.5))
	case "calls", "attempts", "":
		return show.Count(int64(v + 0.5))
	case "%":
		return show.Percent(v)
	}
	return fmt.Sprintf("%.1f\u00a0%s", v, show.Clean(unit))
}

// signedQuantity is a difference with its unit; one that rounds to nothing has no
// sign.
func signedQuantity(v float64, unit string) string {
	s := quantity(max(v, -v), unit)
	switch {
	case strings.Trim(s[:strings.IndexFunc(s+" ", unicode.IsSpace)], "0.") == "":
		return s
	case v < 0:
		return "−" + s
	}
	return "+" + s
}

// difference is a change with its interval.
func difference(c *analyze.Change) cell {
	if !c.NowOK || !c.BeforeOK {
		text := show.None
		switch {
		case c.New:
			text = "new"
		case c.Gone:
			text = "gone"
		}
		return plain(text).under(c.Note)
	}
	d := cell{Raw: float(c.Diff), Bold: c.Arrow != ""}
	if c.Kind == analyze.KindRatio {
		d.Text = show.Points(c.Diff) + "\u00a0pp"
	} else {
		d.Text = signedQuantity(c.Diff, c.Unit)
	}
	if c.Arrow != "" {
		d.Text = string(c.Arrow) + " " + d.Text
	}
	if c.Tested {
		if c.Kind == analyze.KindRatio {
			d = d.under(fmt.Sprintf("%s to %s\u00a0pp", show.Points(c.Low), show.Points(c.High)))
		} else {
			d = d.under(fmt.Sprintf("%s to %s", signedQuantity(c.Low, c.Unit), signedQuantity(c.High, c.Unit)))
		}
	}
	return d.under(c.Note)
}

// changeRows is how many rows of a comparison the page shows.
const changeRows = 25

// worthShowing are the rows of a comparison that tell most, in their order: those
// with an arrow, then what could be tested, then the largest.
func worthShowing(rows []analyze.Change) []*analyze.Change {
	list := make([]*analyze.Change, len(rows))
	for i := range rows {
		list[i] = &rows[i]
	}
	if len(list) <= changeRows {
		return list
	}
	rank := func(c *analyze.Change) int {
		switch {
		case c.Arrow != "":
			return 0
		case c.Tested:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(list, func(x, y *analyze.Change) int {
		return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(max(y.Now.Den, y.Before.Den), max(x.Now.Den, x.Before.Den)))
	})
	return list[:changeRows]
}

// namesOfNone is what the rows are called whose records name nothing.
var namesOfNone = map[string]string{"trunk": charts.NoTrunk, "user_agent": "(not named)", "device": "(not named)", "source": "(not named)"}

func (b builder) changeGrid(t *analyze.ChangeTable) grid {
	g := grid{ID: "t-change-" + t.By, Label: "Changes by " + strings.ReplaceAll(t.By, "_", " "),
		Caption: strings.TrimSpace(capital(t.What)+" "+t.Note) + ". The difference has its 95 % interval; ▲ and ▼ stand only where it is significant and large enough to matter.",
		Cols:    []col{{Name: capital(strings.ReplaceAll(t.By, "_", " "))}, {Name: periodName(b.r), Num: true}, {Name: b.previousName(), Num: true}, {Name: "Difference", Num: true}, {Name: "Four-week median", Num: true}}}
	shown := worthShowing(t.Rows)
	if n := len(t.Rows) - len(shown); n > 0 {
		g.Caption = strings.TrimSpace(g.Caption) + fmt.Sprintf(" The %d rows that tell most; %s more are in tables/changes.csv.", len(shown), show.Count(int64(n)))
	}
	for _, c := range shown {
		name := c.Label
		if name == "" {
			name = c.Key
		}
		if c.Key == "" {
			name = cmp.Or(namesOfNone[t.By], "(none)")
		}
		now := changeValue(c, c.Now, c.NowValue, c.NowOK)
		if c.NowOK && slices.Contains(callKeys, t.By) {
			now.Where = where(t.By, c.Key, "outcome", "failed")
			if t.By == "code" {
				now.Where = where("code", c.Key)
			}
		}
		median := plain(show.None)
		if c.MedianOK {
			median = changeValue(c, analyze.Ratio{}, c.Median, true)
			median.Small = nil
		}
		g.Rows = append(g.Rows, gridRow{Fails: c.Arrow == analyze.Up || c.New && c.Now.Num >= charts.NewFrom, Cells: []cell{plain(name), now, changeValue(c, c.Before, c.BeforeValue, c.BeforeOK), difference(c), median}})
	}
	return g
}
