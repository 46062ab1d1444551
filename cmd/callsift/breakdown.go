package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"callsift/analyze"
	"callsift/store/codes"
)

// shownRows is how many rows people are shown unless they say otherwise: a week's
// callers were a table of a million.
const shownRows = 1000

type breakdownOptions struct {
	selectFlags
	by       string
	format   string
	top      int
	failOver string
}

func newBreakdownCommand(a *app) *cobra.Command {
	var opt breakdownOptions
	cmd := &cobra.Command{
		Use:   "breakdown [flags] [PATH...]",
		Short: "Count calls by class, code, trunk, hour ...",
		Long: `Count calls (or attempts, or requests of another method) by one or several keys,
largest first, with a total. Nothing is left out: a call without a response has
class none and code 0; a record that carries no code has class unknown and code -1.
Given PATHs, they are read into a temporary database first.

KEYS
  ` + wrap(strings.Join(analyze.Keys(), " "), 76, "  ") + `

FLAGS for --where flag=NAME
  ` + wrap(strings.Join(codes.FlagList(), " "), 76, "  ") + `

EXIT STATUS
  0  done     1  error     2  wrong usage
  3  the failure rate is over --fail-over`,
		Example: `  callsift breakdown --by class,code --week last
  callsift breakdown --by trunk,code --where outcome=failed --scope leg
  callsift breakdown --by code --method REGISTER --format json`,
		RunE: func(cmd *cobra.Command, paths []string) error {
			if opt.format == "csv" && !cmd.Flags().Changed("top") {
				opt.top = 0
			}
			return runBreakdown(cmd.Context(), a, opt, paths)
		},
	}
	opt.period(cmd)
	opt.what(cmd)
	cmd.Flags().StringVar(&opt.by, "by", "class,code", "`KEYS` to count by, separated by commas")
	cmd.Flags().StringVar(&opt.format, "format", "table", "output `FORMAT`: table, json, csv or md")
	cmd.Flags().IntVar(&opt.top, "top", shownRows, "only the `N` largest rows, the rest is one row; 0: all (json has all, csv too if N is not given)")
	cmd.Flags().StringVar(&opt.failOver, "fail-over", "", "exit with status 3 if more than `RATE` of the calls failed, e.g. 5%")
	cmd.RegisterFlagCompletionFunc("by", cobra.FixedCompletions(analyze.Keys(), cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(outputFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// wrap breaks a list of words into lines.
func wrap(words string, width int, indent string) string {
	var b strings.Builder
	n := 0
	for i, w := range strings.Fields(words) {
		if i > 0 {
			if n+1+len(w) > width {
				b.WriteString("\n" + indent)
				n = 0
			} else {
				b.WriteByte(' ')
				n++
			}
		}
		b.WriteString(w)
		n += len(w)
	}
	return b.String()
}

func runBreakdown(ctx context.Context, a *app, opt breakdownOptions, paths []string) error {
	q, err := opt.query()
	if err != nil {
		return err
	}
	if err := checkFormat(opt.format); err != nil {
		return err
	}
	if q.By, err = analyze.ParseKeys(opt.by); err != nil {
		return usage(err)
	}
	if err := atLeastZero("top", opt.top); err != nil {
		return err
	}
	limit, err := rate(opt.failOver)
	if err != nil {
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
	if len(paths) == 0 {
		// What is read is kept until the end, a tenth of a second later: collecting
		// garbage at every doubling of a small heap took a fifth of that.
		debug.SetGCPercent(400)
	}
	if opt.format != "json" {
		q.CountsOnly, q.Top = true, opt.top
	}
	b, err := analyze.ReadBreakdown(ctx, db, q)
	if why := analyze.UncountableError(""); errors.As(err, &why) {
		return usage(err)
	}
	if err != nil {
		return err
	}
	if opt.format == "json" {
		err = writeJSON(a.out, b)
	} else {
		err = breakdownSheet(&b).write(a.out, opt.format)
	}
	if err != nil {
		return err
	}
	if b.Total.Count == 0 {
		a.remark("no %s in the period and selection asked for", unit(&b))
	}
	return checkRate(limit, b.Total.Failed, b.Total.Rated())
}

func unit(b *analyze.Breakdown) string {
	switch {
	case b.Method != "INVITE":
		return b.Method + " requests"
	case b.Scope == analyze.ScopeLeg:
		return "attempts"
	}
	return "calls"
}

func breakdownSheet(b *analyze.Breakdown) *sheet {
	s := newSheet(append(append([]string{}, b.By...), unit(b)+">", "share>", "answered>", "user>", "abandoned>", "failed>", "of failures>", "other>")...)
	for i := range b.By {
		if b.By[i] == "code" || b.By[i] == "cause_code" || b.By[i] == "cause_q850" {
			s.right[i] = true
		}
	}
	// By caller there are a million rows: their cells are made when they are printed,
	// and those of the numbers, of which there are few, kept. Without that, cells were
	// two thirds of the time and of the memory.
	numbers := map[tallyShown]*rowTail{}
	s.made = func(f func([]string, *rowTail) error) error {
		cells := make([]string, 0, len(b.By))
		var shown analyze.Tally
		for _, r := range b.Rows() {
			shown = shown.Plus(r.Tally)
			t := shownOf(&r.Tally)
			of := numbers[t]
			if of == nil {
				of = tallyTail(t, &b.Total)
				if len(numbers) < keptTallies {
					numbers[t] = of
				}
			}
			cells = appendKeys(cells[:0], r.Keys)
			if err := f(cells, of); err != nil {
				return err
			}
		}
		if b.More > 0 {
			rest := b.Total.Minus(shown)
			keys := make([]string, len(b.By))
			keys[0] = fmt.Sprintf("(%d more)", b.More)
			return f(keys, tallyTail(shownOf(&rest), &b.Total))
		}
		return nil
	}
	keys := make([]string, len(b.By))
	keys[0] = "total"
	s.footer = append(keys, tallyTail(shownOf(&b.Total), &b.Total).cells...)
	return s
}

func appendKeys(cells, keys []string) []string {
	for _, k := range keys {
		if k == "" {
			k = "–"
		}
		cells = append(cells, k)
	}
	return cells
}

// tallyShown is what a table shows of a tally.
type tallyShown struct{ count, answered, user, abandoned, failed, other int64 }

// keptTallies bounds how many are kept as texts.
const keptTallies = 10_000

func shownOf(t *analyze.Tally) tallyShown {
	return tallyShown{t.Count, t.Answered, t.User, t.Abandoned, t.Failed, t.Redirected + t.InProgress + t.CompletedElsewhere + t.NotConnected}
}

func tallyTail(t tallyShown, total *analyze.Tally) *rowTail {
	return &rowTail{cells: []string{count(t.count), percent(t.count, total.Count), count(t.answered), count(t.user), count(t.abandoned), count(t.failed), percent(t.failed, total.Failed), count(t.other)}}
}

// rate reads "5%" or "0.05"; -1 if nothing was given.
func rate(s string) (float64, error) {
	if s == "" {
		return -1, nil
	}
	number, isPercent := strings.CutSuffix(strings.TrimSpace(s), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if isPercent {
		v /= 100
	}
	if err != nil || v < 0 || v > 1 {
		return 0, usagef("--fail-over: %q, want a rate such as 5%% or 0.05", s)
	}
	return v, nil
}

// checkRate is the error of status 3 if more than limit of the calls failed.
func checkRate(limit float64, failed, rated int64) error {
	if limit < 0 || rated == 0 || float64(failed)/float64(rated) <= limit {
		return nil
	}
	return &exitStatus{exitThreshold, fmt.Errorf("%s of %s calls failed (%s), over %.1f %%", count(failed), count(rated), percent(failed, rated), 100*limit)}
}
