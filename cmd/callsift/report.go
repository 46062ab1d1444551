package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"callsift/analyze"
	"callsift/charts"
	"callsift/charts/report"
)

type reportOptions struct {
	selectFlags
	out, title, font, lang, failOver, failOn string
	holidays                                 []string
	evidence                                 int
	sql, mask, openMail, schema              bool
	mailTo                                   []string
	mail                                     bool
}

func newReportCommand(a *app) *cobra.Command {
	var opt reportOptions
	cmd := &cobra.Command{
		Use:   "report [flags] [PATH...]",
		Short: "The weekly failure report: what failed, since when, where",
		Long: `Write the failure report of a week (or --from/--to) into the folder --out:
report.html (one file, no network), the charts as PNG and SVG, all tables as CSV,
report.json, report.md, report.pdf, report.xlsx, and mail.eml; and print a summary.
Given PATHs, they are read into a temporary database first, so that one command does
everything.

mail.eml is a summary of at most 20 lines with charts; telephone numbers in it are
masked. --mail-to sends it, by the server that the table [mail] of callsift.toml names;
--mail sends it to those whom that table names.

The same data gives the same bytes.

EXIT STATUS
  0  done     1  error     2  wrong usage
  3  the failure rate is over --fail-over, or --fail-on finding and there is one`,
		Example: "  callsift report --week last --tz Europe/Berlin --out report /var/log/pbx",
		RunE: func(cmd *cobra.Command, paths []string) error {
			if opt.schema {
				_, err := a.out.Write(report.Schema())
				return err
			}
			opt.openMail = cmd.Flags().Changed("mask-numbers") && !opt.mask
			return runReport(cmd.Context(), a, opt, paths)
		},
	}
	opt.period(cmd)
	opt.what(cmd)
	f := cmd.Flags()
	f.StringVarP(&opt.out, "out", "o", "report", "`FOLDER` to write, made if it is not there")
	f.StringVar(&opt.title, "title", "", "`NAME` of the site in the title (default: the first path's name)")
	langOption(cmd, &opt.lang)
	f.StringVar(&opt.font, "font", "", "`FILE` of a TTF, OTF or TTC font for the charts, for names in other scripts")
	f.StringVar(&opt.failOver, "fail-over", "", "exit with status 3 if more than `RATE` of the calls failed, e.g. 5%")
	f.IntVar(&opt.evidence, "evidence", 60, "at most `N` calls with ladder and raw lines inside the page; 0: none")
	f.BoolVar(&opt.sql, "show-sql", false, "under each table the SQL query that gives its numbers")
	holidaysFlag(cmd, &opt.holidays)
	f.BoolVar(&opt.mask, "mask-numbers", false, "mask telephone numbers in all files (5 digits and more, also ext12345 and +49 30 123-456); =false: not in the mail either")
	f.StringSliceVar(&opt.mailTo, "mail-to", nil, "send the mail to `ADDRESS`, several with commas, by the [mail] server of the configuration")
	f.BoolVar(&opt.mail, "mail", false, "send the mail to those whom [mail] of the configuration names with to")
	f.BoolVar(&opt.schema, "schema", false, "print the JSON Schema of report.json, and do nothing else")
	f.StringVar(&opt.failOn, "fail-on", "", "exit with status 3 on `WHAT`: finding")
	cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]string{"finding"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func runReport(ctx context.Context, a *app, opt reportOptions, paths []string) error {
	if opt.week == "" && opt.from == "" && opt.to == "" {
		opt.week = "last"
	}
	q, err := opt.query()
	if err != nil {
		return err
	}
	if err := atLeastZero("evidence", opt.evidence); err != nil {
		return err
	}
	limit, err := rate(opt.failOver)
	if err != nil {
		return err
	}
	if err := checkLang(opt.lang); err != nil {
		return err
	}
	if err := checkFailOn(opt.failOn); err != nil {
		return err
	}
	zone, err := opt.zone()
	if err != nil {
		return err
	}
	post, err := a.mailTo(opt.mailTo, opt.mail)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(opt.out, 0o755); err != nil {
		return outError(err)
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
	r, err := analyze.ReportFrom(ctx, db, q, siteTitle(opt.title, paths, a.dbPath()))
	if err != nil {
		return err
	}
	options := report.Options{Chart: charts.Options{Font: opt.font, Lang: opt.lang}, Tool: "callsift " + version(), ShowSQL: opt.sql, Where: q.Where, CallsCommand: callsCommand(opt.selectFlags), OpenMail: opt.openMail}
	if options.Calls, err = callsBehind(ctx, db, q, &r, opt.evidence); err != nil {
		return err
	}
	if err := a.writePack(ctx, opt, &r, options, post); err != nil {
		return err
	}
	if err := failOnFinding(opt.failOn, r.Findings); err != nil {
		return err
	}
	for _, m := range r.KPIs {
		if m.Name == "failure_rate" {
			return checkRate(limit, m.Ratio.Num, m.Ratio.Den)
		}
	}
	return nil
}

// writePack writes the files, says in short what is in them, and sends the mail.
func (a *app) writePack(ctx context.Context, opt reportOptions, r *analyze.Report, options report.Options, post *mailer) error {
	if opt.mask {
		r, options = report.Mask(r, options)
	}
	for _, w := range report.Warnings(r, options) {
		a.remark("%s", w)
	}
	if err := report.Write(opt.out, r, options); err != nil {
		return err
	}
	if err := report.Summary(a.out, r, options); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "\n%s\n", filepath.Join(opt.out, "report.html"))
	if post == nil {
		return nil
	}
	if err := post.send(ctx, r, options); err != nil {
		return err
	}
	a.remark("mail sent to %s", strings.Join(post.to, ", "))
	return nil
}

// siteTitle is what the report calls the site.
func siteTitle(title string, paths []string, db string) string {
	switch {
	case title != "":
		return title
	case len(paths) > 0:
		return filepath.Base(filepath.Clean(paths[0]))
	}
	return filepath.Base(db)
}

// callsCommand is the command line that lists the calls of a report.
func callsCommand(s selectFlags) string {
	parts := []string{"callsift calls"}
	add := func(flag, value, standard string) {
		if value != standard {
			parts = append(parts, "--"+flag+" "+shellWord(value))
		}
	}
	add("week", s.week, "")
	add("from", s.from, "")
	add("to", s.to, "")
	add("tz", s.tz, "")
	add("scope", s.scope, analyze.ScopeCall)
	add("method", s.method, "INVITE")
	for _, w := range s.where {
		add("where", w, "")
	}
	return strings.Join(parts, " ")
}

// shellWord quotes a word for a shell where it needs to be.
func shellWord(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:=@%+/-") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
