package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"callsift/ingest"
	"callsift/store"
)

func newRemoveCommand(a *app) *cobra.Command {
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "remove [flags] PATH|ID...",
		Short: "Take a source's records out again",
		Long: `Take the records of sources out, named by their path as callsift sources shows it, or
by their number (callsift sql "SELECT id, path FROM sources"). Calls that they were
part of are assembled again from what is left, CDRs that another source has brought
too stay: the database is then as if the file had never been imported, and the file
can be imported again. What is deleted is overwritten, and the file is written anew.`,
		Example: "  callsift sources remove /var/log/pbx/full.1",
		Args:    wantArgs(1, 0, "PATH or ID"),
		RunE:    func(cmd *cobra.Command, names []string) error { return runRemove(cmd.Context(), a, names, wait) },
	}
	cmd.Flags().DurationVar(&wait, "wait", lockWait, "how long to wait for another command that writes")
	return cmd
}

func runRemove(ctx context.Context, a *app, names []string, wait time.Duration) error {
	db, done, err := a.openExisting(ctx, "sources remove", wait)
	if err != nil {
		return err
	}
	defer done()
	for _, name := range names {
		list, err := db.Sources(ctx)
		if err != nil {
			return err
		}
		s, ok := store.SourceNamed(list, name)
		if !ok {
			return fmt.Errorf("%s: no source %q; callsift sources lists them", db.Path(), name)
		}
		r, err := ingest.Remove(ctx, db, s)
		if err != nil {
			return err
		}
		a.remark("%s: %s taken out", clean(s.Path), records(&s))
		if r.Handed > 0 {
			a.remark("%s: %s of its CDRs stay, other sources have brought them too", clean(s.Path), count(r.Handed))
		}
		for _, d := range r.Duplicates {
			a.remark("%s: same bytes, forgotten with it", clean(d))
		}
	}
	return db.Compact(ctx)
}
