package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"callsift/analyze"
	"callsift/ingest"
	"callsift/store"
)

type compareOptions struct {
	selectFlags
	with, by, format, failOver, failOn string
	holidays                           []string
	top                                int
}

func newCompareCommand(a *app) *cobra.Command {
	var opt compareOptions
	cmd := &cobra.Command{
		Use:   "compare [flags] [PATH...]",
		Short: "This week against another: what changed, and whether it is more than chance",
		Long: `Put a week (or --from/--to) beside the one before, another period, or the median
of the last four, figure by figure and key by key. A row shows the difference,
its 95 % interval (Newcombe), z and p divided by the dispersion φ of the hours;
▲ or ▼ stands only where the difference is significant (Benjamini-Hochberg, 5 %
in each table) and large enough to matter: 1 percentage point of a failure rate,
3 of the ASR, 10 % of a delay, 20 % of a count. Rows with under 30 attempts in one
period, or under 5 failures in both, are "low volume". What goes wrong now is
listed as findings. Given PATHs, they are read into a temporary database first.

--with (or --against) is before, median, a week such as 2026-W44, or FROM..TO.

EXIT STATUS
  0  done     1  error     2  wrong usage
  3  the failure rate is over --fail-over, or --fail-on finding and there is one`,
		Example: `  callsift compare --week last
  callsift compare --week 2026-W46 --with 2026-W44 --by trunk,code
  callsift compare --week 2026-W46 --with median --format json`,
		RunE: func(cmd *cobra.Command, paths []string) error { return runCompare(cmd.Context(), a, opt, paths) },
	}
	opt.period(cmd)
	opt.what(cmd)
	f := cmd.Flags()
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "against" {
			name = "with"
		}
		return pflag.NormalizedName(name)
	})
	f.StringVar(&opt.with, "with", "before", "`PERIOD` to compare with: before, median, 2026-W44, or 2026-11-02..2026-11-09")
	holidaysFlag(cmd, &opt.holidays)
	f.StringVar(&opt.by, "by", "", "`KEYS` to compare by, a table each (default "+strings.Join(analyze.CompareKeys, ",")+")")
	f.StringVar(&opt.format, "format", "table", "output `FORMAT`: table, json, csv or md")
	f.IntVar(&opt.top, "top", 10, "only the `N` largest rows of a table (table and md), and all with an arrow; 0: all")
	f.StringVar(&opt.failOver, "fail-over", "", "exit with status 3 if more than `RATE` of the calls failed, e.g. 5%")
	f.StringVar(&opt.failOn, "fail-on", "", "exit with status 3 on `WHAT`: finding")
	cmd.RegisterFlagCompletionFunc("with", cobra.FixedCompletions([]string{"before", "median"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("by", cobra.FixedCompletions(analyze.Keys(), cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(outputFormats, cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]string{"finding"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func runCompare(ctx context.Context, a *app, opt compareOptions, paths []string) error {
	if opt.week == "" && opt.from == "" && opt.to == "" {
		opt.week = "last"
	}
	q, err := opt.query()
	if err != nil {
		return err
	}
	if err := checkFormat(opt.format); err != nil {
		return err
	}
	with, err := opt.against(q.Zone)
	if err != nil {
		return err
	}
	if opt.by != "" {
		if with.By, err = analyze.ParseKeys(opt.by); err != nil {
			return usage(err)
		}
	}
	if err := atLeastZero("top", opt.top); err != nil {
		return err
	}
	limit, err := rate(opt.failOver)
	if err != nil {
		return err
	}
	if err := checkFailOn(opt.failOn); err != nil {
		return err
	}
	zone, err := opt.zone()
	if err != nil {
		return err
	}
	db, done, err := a.openRead(ctx, paths, zone)
	if err != nil {
		return err
	}
	defer done()
	q.Witness = witness(ctx, db)
	if err := a.bounds(&q, opt.holidays); err != nil {
		return err
	}
	c, findings, err := analyze.CompareFrom(ctx, db, q, with)
	if err != nil {
		return err
	}
	if opt.format == "json" {
		err = compareJSON(a.out, &c, findings)
	} else {
		err = compareTables(a.out, &c, findings, opt.format, opt.top)
	}
	if err != nil {
		return err
	}
	for _, w := range c.Warnings {
		a.remark("%s", w)
	}
	if err := failOnFinding(opt.failOn, findings); err != nil {
		return err
	}
	for _, r := range c.Table("kpi").Rows {
		if r.Key == "failure_rate" {
			return checkRate(limit, r.Now.Num, r.Now.Den)
		}
	}
	return nil
}

// against reads --with.
func (opt *compareOptions) against(zone *time.Location) (o analyze.CompareOptions, err error) {
	switch s := strings.TrimSpace(opt.with); {
	case s == "" || s == "before":
	case s == "median":
		o.Median = true
	case strings.Contains(s, ".."):
		from, to, _ := strings.Cut(s, "..")
		if o.Against, err = analyze.ParsePeriod(from, to, zone); err == nil && (from == "" || to == "") {
			err = fmt.Errorf("--with: %q, want FROM..TO with both", s)
		}
	default:
		if o.Against, err = analyze.ParseWeek(s, time.Now(), zone); err != nil {
			err = fmt.Errorf("--with: %q, want before, median, a week such as 2026-W44, or FROM..TO", s)
		}
	}
	return o, usage(err)
}

func checkFailOn(s string) error {
	if s != "" && s != "finding" {
		return usagef("--fail-on: %q, want finding", s)
	}
	return nil
}

// failOnFinding is the error of status 3 if there is a finding and the user
// wants to be told so.
func failOnFinding(failOn string, findings []analyze.Finding) error {
	if failOn == "" || len(findings) == 0 {
		return nil
	}
	n := fmt.Sprintf("%d findings", len(findings))
	if len(findings) == 1 {
		n = "1 finding"
	}
	return &exitStatus{exitThreshold, fmt.Errorf("%s; the first: %s", n, findings[0].Title)}
}

// compareJSON writes the comparison with its findings.
func compareJSON(w io.Writer, c *analyze.Comparison, findings []analyze.Finding) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	more, err := json.Marshal(append([]analyze.Finding{}, findings...))
	if err != nil {
		return err
	}
	all := append(append(text[:len(text)-1], `,"findings":`...), more...)
	return writeJSON(w, json.RawMessage(append(all, '}')))
}

func compareTables(w io.Writer, c *analyze.Comparison, findings []analyze.Finding, format string, top int) error {
	if format == "csv" {
		return compareCSV(c).write(w, format)
	}
	with := c.Before.Label
	if c.With == "median" {
		with = fmt.Sprintf("the median of %d earlier", c.Weeks)
	}
	if c.Baseline {
		with += " (no data: baseline)"
	}
	fmt.Fprintf(w, "%s against %s, %s, scope %s\n", clean(c.Now.Label), clean(with), c.Zone, c.Scope)
	if !c.Baseline && c.With != "median" {
		e := c.Effects
		fmt.Fprintf(w, "Failures %+.0f: %+.1f by the rates, %+.1f by the mix of trunks and destinations, %+.1f by the number of calls.\n", e.Total, e.Rate, e.Mix, e.Volume)
	}
	if len(c.LeftOut) > 0 {
		fmt.Fprintf(w, "Left out as holidays, or as the same weekday of the other weeks: %s.\n", strings.Join(c.LeftOut, ", "))
	}
	for _, t := range c.Tables {
		if len(t.Rows) == 0 {
			continue
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		if err := compareSheet(&t, top).write(w, format); err != nil {
			return err
		}
	}
	if len(findings) > 0 {
		fmt.Fprintln(w)
	}
	for _, f := range findings {
		fmt.Fprintf(w, "%d. %s\n", f.Rank, clean(f.Sentence()))
		if f.FirstCheck != "" {
			fmt.Fprintf(w, "   check first: %s\n", clean(f.FirstCheck))
		}
	}
	return nil
}

func compareSheet(t *analyze.ChangeTable, top int) *sheet {
	s := newSheet(t.By, "now>", "before>", "difference>", "95 % interval>", "p>", "", "median>", "note")
	left := 0
	for i := range t.Rows {
		r := &t.Rows[i]
		if top > 0 && t.By != "kpi" && i >= top && r.Arrow == "" && !r.New && !r.Gone {
			left++
			continue
		}
		s.add(changeCells(r)...)
	}
	if left > 0 {
		s.add(fmt.Sprintf("(%d more)", left), "", "", "", "", "", "", "", "")
	}
	return s
}

func changeCells(r *analyze.Change) []string {
	diff, span, p := "–", "", ""
	if r.NowOK && r.BeforeOK {
		diff = changeValue(r, r.Diff, true)
	}
	if r.Tested {
		span = changeValue(r, r.Low, true) + " to " + changeValue(r, r.High, true)
		p = fmt.Sprintf("%.4f", r.P)
	}
	middle := "–"
	if r.MedianOK {
		middle = changeValue(r, r.Median, false)
	}
	return []string{r.Label, side(r, r.Now, r.NowValue, r.NowOK), side(r, r.Before, r.BeforeValue, r.BeforeOK), diff, span, p, string(r.Arrow), middle, r.Note}
}

func side(r *analyze.Change, of analyze.Ratio, value float64, ok bool) string {
	if !ok {
		return "–"
	}
	if r.Kind == analyze.KindRatio {
		return fmt.Sprintf("%s (%s of %s)", changeValue(r, value, false), count(of.Num), count(of.Den))
	}
	return changeValue(r, value, false)
}

// changeValue writes a value or a difference in the row's unit; differences of
// shares are percentage points.
func changeValue(r *analyze.Change, v float64, signed bool) string {
	format := map[bool]string{true: "%+.*f", false: "%.*f"}[signed]
	switch {
	case r.Kind == analyze.KindRatio && signed:
		return fmt.Sprintf(format+" pp", 2, 100*v)
	case r.Kind == analyze.KindRatio:
		return fmt.Sprintf(format+" %%", 2, 100*v)
	case r.Unit == "ms" || r.Unit == "calls" && v == math.Trunc(v):
		text := count(int64(math.Round(v)))
		if signed && v > 0 {
			text = "+" + text
		}
		if r.Unit == "ms" {
			text += " ms"
		}
		return text
	}
	return fmt.Sprintf(format, 2, v)
}

// compareCSV is all tables in one, a row a line.
func compareCSV(c *analyze.Comparison) *sheet {
	s := newSheet("by", "key", "now>", "now_num>", "now_den>", "before>", "before_num>", "before_den>", "diff>", "low>", "high>", "z>", "p>", "phi>", "arrow", "median>", "note")
	number := func(v float64, ok bool) string {
		if !ok {
			return ""
		}
		return fmt.Sprintf("%.6g", v)
	}
	for _, t := range c.Tables {
		for _, r := range t.Rows {
			counts := func(of analyze.Ratio) (num, den string) {
				if r.Kind != analyze.KindRatio {
					return "", ""
				}
				return fmt.Sprint(of.Num), fmt.Sprint(of.Den)
			}
			n1, d1 := counts(r.Now)
			n2, d2 := counts(r.Before)
			s.add(t.By, r.Key, number(r.NowValue, r.NowOK), n1, d1, number(r.BeforeValue, r.BeforeOK), n2, d2, number(r.Diff, r.NowOK && r.BeforeOK),
				number(r.Low, r.Tested), number(r.High, r.Tested), number(r.Z, r.Tested), number(r.P, r.Tested), number(r.Phi, r.Tested), string(r.Arrow), number(r.Median, r.MedianOK), r.Note)
		}
	}
	return s
}

// witness lets the analysis ask what the messages of a call say, which only the
// write side can read.
func witness(ctx context.Context, db *store.DB) analyze.Witness {
	return func(call string) (analyze.Testimony, error) {
		found, err := db.Find(ctx, call)
		if err != nil {
			return analyze.Testimony{}, err
		}
		if len(found) == 0 {
			return analyze.Testimony{}, fmt.Errorf("%s: no such call", call)
		}
		f, err := ingest.FactsOf(ctx, db, &found[0])
		return analyze.Testimony(f), err
	}
}
