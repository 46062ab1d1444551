package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"callsift/analyze"
	"callsift/ingest"
)

type pruneOptions struct {
	selectFlags
	before string
	dry    bool
	wait   time.Duration
}

func newPruneCommand(a *app) *cobra.Command {
	var opt pruneOptions
	cmd := &cobra.Command{
		Use:   "prune --before TIME [flags]",
		Short: "Take old calls out, as privacy rules ask",
		Long: `Take out every call that began before a time, with all its records, and the events,
rejects and sums of that time. A call goes as a whole, what of it happened later
too. What is deleted is overwritten, and the file is written anew, for which there
must be as much free space as the database has.

What is kept: the ledger's row of every source, with a note, so that importing the
same file again brings nothing back; the place and reason of rejects in a source
that goes on after the time, without their text; calls without a time, since
nothing tells how old they are. Overlapping exports under other names would bring
old calls back: prune after importing such.`,
		Example: "  callsift prune --before 2026-01-01 --dry-run",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runPrune(cmd.Context(), a, opt) },
	}
	cmd.Flags().StringVar(&opt.before, "before", "", "`TIME` before which calls go: 2026-01-01, 2026-01-01T06:00, RFC 3339")
	cmd.Flags().StringVar(&opt.tz, "tz", "", "`ZONE` of that time, e.g. Europe/Berlin (default UTC)")
	cmd.Flags().BoolVar(&opt.dry, "dry-run", false, "only count what would go")
	cmd.Flags().DurationVar(&opt.wait, "wait", lockWait, "how long to wait for another command that writes")
	return cmd
}

func runPrune(ctx context.Context, a *app, opt pruneOptions) error {
	if opt.before == "" {
		return usagef("--before: no TIME; see callsift prune --help")
	}
	zone, err := opt.zone()
	if err != nil {
		return err
	}
	if zone == nil {
		zone = time.UTC
	}
	period, err := analyze.ParsePeriod(opt.before, "", zone)
	if err != nil {
		return usagef("--before: %s", strings.TrimPrefix(err.Error(), "--from: "))
	}
	db, done, err := a.openExisting(ctx, "prune", opt.wait)
	if err != nil {
		return err
	}
	defer done()
	p, err := ingest.Prune(ctx, db, period.From, opt.dry)
	if err != nil {
		return err
	}
	if !opt.dry {
		if err := db.Compact(ctx); err != nil {
			return err
		}
	}
	verb := "taken out"
	if opt.dry {
		verb = "would go"
	}
	a.remark("%s: %s before %s: %s calls and requests (%s SIP messages, %s CDRs), %s events, %s rejects of %s sources; %s calls without a time stay",
		clean(db.Path()), verb, period.From.Format("2006-01-02 15:04 MST"), count(p.Calls), count(p.Messages), count(p.CDRs), count(p.Events), count(p.Rejects), count(p.Sources), count(p.Untimed))
	return nil
}
