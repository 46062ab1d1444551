package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"callsift/analyze"
)

type metricsOptions struct {
	selectFlags
	only, format string
	define       bool
}

func newMetricsCommand(a *app) *cobra.Command {
	var opt metricsOptions
	cmd := &cobra.Command{
		Use:   "metrics [flags] [PATH...]",
		Short: "ASR, NER, PDD and the other figures of the trade, with their definitions",
		Long: `Compute the trade's figures over a period, each with its numerator, denominator
and, where it is a proportion, its 95 % Wilson interval. --define lists them all
with formula and source instead, and needs no data.`,
		Example: "  callsift metrics --week last --metrics asr,ner,pdd_p95\n  callsift metrics --define",
		RunE:    func(cmd *cobra.Command, paths []string) error { return runMetrics(cmd.Context(), a, opt, paths) },
	}
	opt.period(cmd)
	opt.what(cmd)
	cmd.Flags().StringVar(&opt.only, "metrics", "", "only these `NAMES`, separated by commas; --define lists them")
	cmd.Flags().BoolVar(&opt.define, "define", false, "list the definitions")
	formatOption(cmd, &opt.format)
	return cmd
}

// metricJSON is one figure of `metrics --format json`.
type metricJSON struct {
	Name        string   `json:"name"`
	Label       string   `json:"label"`
	Definition  string   `json:"definition"`
	Unit        string   `json:"unit"`
	Value       *float64 `json:"value"` // null: undefined; ratios as fractions
	Numerator   int64    `json:"numerator"`
	Denominator int64    `json:"denominator"`
	Low         float64  `json:"low"`
	High        float64  `json:"high"`
	N           int64    `json:"n"`
	Note        string   `json:"note"`
}

func runMetrics(ctx context.Context, a *app, opt metricsOptions, paths []string) error {
	if err := checkFormat(opt.format); err != nil {
		return err
	}
	if opt.define {
		return defineMetrics(a, opt.format)
	}
	q, err := opt.query()
	if err != nil {
		return err
	}
	var names []string
	if opt.only != "" {
		names = strings.Split(opt.only, ",")
	}
	if _, err := analyze.MetricsOf(analyze.Data{}, q, names...); err != nil {
		return usage(err)
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
	data, err := analyze.Load(ctx, db, q)
	if err != nil {
		return err
	}
	list, err := analyze.MetricsOf(data, q, names...)
	if err != nil {
		return err
	}
	return printMetrics(a, list, opt.format)
}

func printMetrics(a *app, list []analyze.Metric, format string) error {
	if format == "json" {
		out := []metricJSON{}
		for _, m := range list {
			j := metricJSON{Name: m.Name, Label: m.Label, Definition: m.Definition, Unit: m.Unit, Numerator: m.Ratio.Num, Denominator: m.Ratio.Den,
				Low: m.Ratio.Low, High: m.Ratio.High, N: m.N, Note: m.Note}
			if v := m.Value; m.OK {
				if r, ok := m.Ratio.Value(); ok && m.Kind == analyze.KindRatio {
					v = r
				}
				j.Value = &v
			}
			out = append(out, j)
		}
		return writeJSON(a.out, out)
	}
	s := newSheet("metric", "value>", "95 % interval", "of", "definition~", "note~")
	for _, m := range list {
		value, interval, of := metricCells(&m)
		s.add(m.Name, value, interval, of, m.Definition, m.Note)
	}
	return s.write(a.out, format)
}

// metricCells writes a figure, its interval and what it was computed over.
func metricCells(m *analyze.Metric) (value, interval, of string) {
	value = "–"
	if m.Kind == analyze.KindRatio {
		of = count(m.Ratio.Num) + " / " + count(m.Ratio.Den)
		if m.OK && m.Ratio.Den > 0 {
			value = percent(m.Ratio.Num, m.Ratio.Den)
			interval = fmt.Sprintf("%.1f–%.1f %%", 100*m.Ratio.Low, 100*m.Ratio.High)
		}
		return value, interval, of
	}
	if m.OK {
		value = strings.TrimSpace(trimFloat(m.Value) + " " + m.Unit)
	}
	return value, "", "n = " + count(m.N)
}

func trimFloat(v float64) string {
	if v == float64(int64(v)) {
		return count(int64(v))
	}
	return fmt.Sprintf("%.3g", v)
}

func defineMetrics(a *app, format string) error {
	if format == "json" {
		type definition struct {
			Name    string `json:"name"`
			Label   string `json:"label"`
			Formula string `json:"formula"`
			Source  string `json:"source"`
			Unit    string `json:"unit"`
		}
		out := []definition{}
		for _, d := range analyze.Metrics() {
			out = append(out, definition{d.Name, d.Label, d.Formula, d.Source, d.Unit})
		}
		return writeJSON(a.out, out)
	}
	s := newSheet("metric", "what", "formula~", "unit", "source~")
	for _, d := range analyze.Metrics() {
		s.add(d.Name, d.Label, d.Formula, d.Unit, d.Source)
	}
	return s.write(a.out, format)
}
