package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"callsift/analyze"
	"callsift/charts"
	"callsift/store"
)

type chartOptions struct {
	selectFlags
	out, size, font, call, lang string
	dark                        bool
}

func newChartCommand(a *app) *cobra.Command {
	var opt chartOptions
	var list strings.Builder
	for _, n := range charts.Names() {
		fmt.Fprintf(&list, "  %-12s %s\n", n, charts.About(n))
	}
	fmt.Fprintf(&list, "  %-12s %s\n", ladderChart, "the messages of one call, which --call names")
	cmd := &cobra.Command{
		Use:   "chart [flags] NAME [PATH...]",
		Short: "Draw one chart as PNG, SVG or PDF",
		Long: `Draw a chart and write it to --out; the file's name says the format. "all" draws
all of them into the folder --out. Given PATHs, they are read into a temporary
database first. The same data gives the same bytes (PNG and SVG).

CHARTS
` + strings.TrimRight(list.String(), "\n"),
		Example:   "  callsift chart heatmap --week last --out heatmap.png\n  callsift chart ladder --call 20261110T130451-2kv4 --out call.svg\n  callsift chart all --week 2026-W46 --out charts",
		Args:      wantArgs(1, 0, "NAME of a chart"),
		ValidArgs: append(charts.Names(), ladderChart, "all"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runChart(cmd.Context(), a, opt, args[0], args[1:])
		},
	}
	opt.period(cmd)
	opt.what(cmd)
	f := cmd.Flags()
	f.StringVarP(&opt.out, "out", "o", "", "`FILE` to write: .png, .svg or .pdf (all: a folder)")
	f.StringVar(&opt.size, "size", "", "`WIDTHxHEIGHT` in CSS pixels (default 1200x600, or as high as what is in it); a PNG has twice as many each way")
	langOption(cmd, &opt.lang)
	f.StringVar(&opt.call, "call", "", "`ID` of the call, for ladder, as callsift calls shows it")
	f.BoolVar(&opt.dark, "dark", false, "light on dark")
	f.StringVar(&opt.font, "font", "", "`FILE` of a TTF, OTF or TTC font, for names in other scripts")
	cmd.RegisterFlagCompletionFunc("out", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return charts.Formats(), cobra.ShellCompDirectiveFilterFileExt
	})
	return cmd
}

func runChart(ctx context.Context, a *app, opt chartOptions, name string, paths []string) error {
	q, err := opt.query()
	if err != nil {
		return err
	}
	switch {
	case name == ladderChart && opt.call == "":
		return usagef("chart ladder: no call; want --call ID, as callsift calls shows it")
	case name != ladderChart && opt.call != "":
		return usagef("--call: only the chart ladder is of one call")
	}
	names, files, err := chartFiles(name, opt.out)
	if err != nil {
		return err
	}
	if err := checkLang(opt.lang); err != nil {
		return err
	}
	render := charts.Options{Dark: opt.dark, Font: opt.font, Lang: opt.lang}
	if render.Width, render.Height, err = size(opt.size); err != nil {
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
	if name == ladderChart {
		fig, err := callFigure(ctx, db, opt.call, q.Zone)
		if err != nil {
			return err
		}
		return a.drawFigure(fig, opt.out, render)
	}
	r, err := analyze.ReportFrom(ctx, db, q, "")
	if err != nil {
		return err
	}
	for i, n := range names {
		if err := a.drawChart(n, files[i], &r, render); err != nil {
			return err
		}
	}
	return nil
}

// chartFiles says which charts go into which files.
func chartFiles(name, out string) (names, files []string, err error) {
	if out == "" {
		return nil, nil, usagef("--out: no file; want a name that ends in %s", "."+strings.Join(charts.Formats(), ", ."))
	}
	if name == "all" {
		for _, n := range charts.Names() {
			names, files = append(names, n), append(files, filepath.Join(out, n+".png"))
		}
		if err := os.MkdirAll(out, 0o755); err != nil {
			return nil, nil, outError(err)
		}
		return names, files, nil
	}
	if charts.About(name) == "" && name != ladderChart {
		return nil, nil, usagef("chart: no chart %q; charts are %s, %s, all", name, strings.Join(charts.Names(), ", "), ladderChart)
	}
	if ext := extension(out); !contains(charts.Formats(), ext) {
		return nil, nil, usagef("--out: %q ends in no chart format; formats are %s", out, strings.Join(charts.Formats(), ", "))
	}
	return []string{name}, []string{out}, nil
}

func extension(file string) string {
	return strings.ToLower(strings.TrimPrefix(filepath.Ext(file), "."))
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func (a *app) drawChart(name, file string, r *analyze.Report, opt charts.Options) error {
	fig, err := charts.New(name, r)
	if err != nil {
		return err
	}
	return a.drawFigure(fig, file, opt)
}

// langOption adds --lang.
func langOption(cmd *cobra.Command, lang *string) {
	cmd.Flags().StringVar(lang, "lang", "en", "`LANGUAGE` of headings and explanations: en, zh; for zh --font names a font that has its characters")
	cmd.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions([]string{"en", "zh"}, cobra.ShellCompDirectiveNoFileComp))
}

func checkLang(lang string) error {
	if lang != "en" && lang != "zh" {
		return usagef("--lang: %q, want en or zh", lang)
	}
	return nil
}

// ladderChart is the chart of one call; the others are of a period.
const ladderChart = "ladder"

// callFigure is the ladder of a call.
func callFigure(ctx context.Context, db *store.DB, id string, zone *time.Location) (charts.Figure, error) {
	found, err := db.Find(ctx, id)
	if err != nil {
		return charts.Figure{}, err
	}
	if len(found) == 0 {
		return charts.Figure{}, noCall(id, db)
	}
	if zone == nil {
		zone = time.UTC
	}
	c, _, err := tellCall(ctx, db, &found[0], zone)
	if err != nil {
		return charts.Figure{}, err
	}
	fig := charts.Ladder(charts.LadderTitle(c.Caller, c.Callee, c.Start), c.Result, c.Messages)
	fig.Footer = c.ID + " · " + zone.String()
	return fig, nil
}

func (a *app) drawFigure(fig charts.Figure, file string, opt charts.Options) error {
	if missing, err := charts.Missing(fig, opt); err != nil {
		return err
	} else if len(missing) > 0 {
		a.remark("%s: the font has no glyphs for %s; --font FILE names one that has", file, string(missing))
	}
	var b bytes.Buffer
	if err := charts.Render(&b, fig, extension(file), opt); err != nil {
		return err
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
		return outError(err)
	}
	a.remark("%s written", file)
	return nil
}

// outError says why --out cannot be written, with the path once.
func outError(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("--out: %s: %w", pe.Path, pe.Err)
	}
	return fmt.Errorf("--out: %w", err)
}

// size reads "1200x600"; "" leaves it to the chart.
func size(s string) (width, height int, err error) {
	if s == "" {
		return 0, 0, nil
	}
	w, h, ok := strings.Cut(strings.ToLower(s), "x")
	width, errW := strconv.Atoi(w)
	height, errH := strconv.Atoi(h)
	if !ok || errW != nil || errH != nil || width < 320 || width > 4000 || height < 200 || height > 4000 {
		return 0, 0, usagef("--size: %q, want WIDTHxHEIGHT from 320x200 to 4000x4000", s)
	}
	return width, height, nil
}
