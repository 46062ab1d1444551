package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"callsift/ingest"
)

type importOptions struct {
	tz, format string
	skew       string
	wait       time.Duration
	columns    []string
}

func newImportCommand(a *app) *cobra.Command {
	var opt importOptions
	cmd := &cobra.Command{
		Use:   "import [flags] PATH...",
		Short: "Read files into the database",
		Long: `Read files, directories (with all below them), globs and "-" (standard input)
into the database, which is made if it is not there. What each file is, is found
out from its content; gzip is unpacked. A file is taken in as a whole or not at
all, and a second import of the same bytes changes nothing.

A table of calls (CSV, TSV, Excel, JSON lines) is read by the words of its header.
Where it has others, or none, --columns names them: start=Date,caller=From,... by
header, or start=4,caller=1,... by number; or it is the name of a mapping in
callsift.toml. A file of no known format is read as a table then.

Files that callsift does not know are named and left out. What became of every
file shows ` + "`callsift sources`" + `, what could not be used ` + "`callsift rejects`" + `.

EXIT STATUS
  0  at least one file was read, or had been before
  1  nothing could be read, or the database could not be written
  2  wrong usage
  130  interrupted: files read so far are in, the one being read is not`,
		Example: "  callsift import --tz Europe/Berlin /var/log/pbx cdr/Master.csv trunk.pcap",
		Args:    wantArgs(1, 0, "PATH"),
		RunE:    func(cmd *cobra.Command, paths []string) error { return runImport(cmd.Context(), a, opt, paths) },
	}
	cmd.Flags().StringVar(&opt.tz, "tz", "", "`ZONE` of times that do not name one, e.g. Europe/Berlin (default: evidence in the data, else UTC)")
	cmd.Flags().StringVar(&opt.format, "format", "", "read every file as this `FORMAT`; callsift formats lists them")
	cmd.Flags().StringVar(&opt.skew, "skew", "", "`auto` or off: whether clocks that differ are allowed for when finding what belongs together; holds for the database from now on (default auto)")
	cmd.RegisterFlagCompletionFunc("skew", cobra.FixedCompletions([]string{"auto", "off"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.Flags().DurationVar(&opt.wait, "wait", lockWait, "how long to wait for another command that writes")
	cmd.Flags().StringSliceVar(&opt.columns, "columns", nil, "what the columns of a table are, by header or number: `NAME=COLUMN,...`, e.g. start=Date,caller=From; or the name of a mapping in the configuration")
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formatNames(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func formatNames() []string {
	var names []string
	for _, f := range ingest.Formats {
		names = append(names, f.Name)
	}
	return names
}

func runImport(ctx context.Context, a *app, opt importOptions, paths []string) error {
	sel := selectFlags{tz: opt.tz}
	zone, err := sel.zone()
	if err != nil {
		return err
	}
	columns, err := a.columns(opt.columns)
	if err != nil {
		return err
	}
	io := ingest.Options{Zone: zone, Columns: columns, Skew: opt.skew}
	if opt.skew != "" && opt.skew != "auto" && opt.skew != "off" {
		return usagef("--skew: %q, want auto or off", opt.skew)
	}
	if opt.format != "" {
		if io.Format = ingest.FormatNamed(opt.format); io.Format == nil {
			return usagef("--format: no format %q; formats are %s", opt.format, strings.Join(formatNames(), ", "))
		}
	}
	defer collectOften()()
	db, done, err := a.openWrite(ctx, "import", opt.wait)
	if err != nil {
		return err
	}
	defer done()
	t, err := a.importInto(ctx, db, paths, io)
	if err != nil {
		return err
	}
	a.remark("%s: %d read, %d had been imported before, %d not read; %s SIP messages, %s CDRs, %s events, %s rejected",
		clean(db.Path()), t.read, t.already+t.duplicate, t.failed, count(t.messages), count(t.cdrs), count(t.events), count(t.rejected))
	return nil
}
