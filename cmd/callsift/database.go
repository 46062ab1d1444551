package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"callsift/ingest"
	"callsift/store"
)

// dbPath is the database that the user means.
func (a *app) dbPath() string {
	if a.db != "" {
		return a.db
	}
	if p := os.Getenv("CALLSIFT_DB"); p != "" {
		return p
	}
	return "callsift.db"
}

// openRead opens what a command is to read: the database, or, where paths are
// given, a temporary one that they are imported into. done closes it.
func (a *app) openRead(ctx context.Context, paths []string, zone *time.Location) (db *store.DB, done func(), err error) {
	if len(paths) == 0 {
		if err := a.applyChanged(ctx); err != nil {
			return nil, nil, err
		}
		db, err := store.OpenReader(a.dbPath())
		if err != nil {
			if errors.Is(err, os.ErrNotExist) {
				err = fmt.Errorf("%w: run `callsift import FILES` first, or name files here", err)
			}
			return nil, nil, err
		}
		if err := db.Freeze(ctx); err != nil {
			db.Close()
			return nil, nil, err
		}
		return db, func() { db.Close() }, nil
	}
	dir, err := os.MkdirTemp("", "callsift-")
	if err != nil {
		return nil, nil, err
	}
	a.tempDir.Store(&dir)
	done = func() { os.RemoveAll(dir) }
	db, err = store.OpenTemp(dir)
	if err != nil {
		done()
		return nil, nil, err
	}
	done = func() {
		db.Close()
		os.RemoveAll(dir)
	}
	a.temporary = true
	if _, err := a.importInto(ctx, db, paths, ingest.Options{Zone: zone}); err != nil {
		done()
		return nil, nil, err
	}
	return db, done, nil
}

// tally is what an import did.
type tally struct {
	read, already, duplicate, failed int
	messages, cdrs, events, rejected int64
}

// importInto imports files, tells what became of each, and is an error only if
// nothing at all could be read.
func (a *app) importInto(ctx context.Context, db *store.DB, paths []string, opt ingest.Options) (tally, error) {
	var t tally
	cfg, err := a.loadConfig()
	if err != nil {
		return t, err
	}
	opt.Zones = cfg.zones
	if cfg.path != "" {
		if _, err := ingest.Apply(ctx, db, cfg.names); err != nil {
			return t, err
		}
	}
	files, missing := ingest.Expand(paths)
	for _, err := range missing {
		t.failed++
		fmt.Fprintln(a.err, "callsift:", clean(err.Error()))
	}
	bar := newProgress(a, files)
	opt.Progress = bar.file
	err = ingest.Run(ctx, db, files, opt, func(r ingest.FileResult) {
		bar.clear()
		t.add(&r)
		a.tell(&r)
	})
	bar.clear()
	if err != nil {
		return t, err
	}
	if t.read+t.already+t.duplicate == 0 {
		return t, fmt.Errorf("nothing could be read")
	}
	return t, nil
}

func (t *tally) add(r *ingest.FileResult) {
	switch {
	case r.Source.State == store.Duplicate:
		t.duplicate++
	case r.Already != "":
		t.already++
	case r.Source.State == store.Imported || r.Source.State == store.Partial:
		t.read++
		t.messages += r.Source.Messages
		t.cdrs += r.Source.CDRs
		t.events += r.Source.Events
		t.rejected += r.Source.Rejected
	default:
		t.failed++
	}
}

// tell writes one line about a file.
func (a *app) tell(r *ingest.FileResult) {
	s := &r.Source
	path := clean(r.Path)
	switch {
	case s.State == store.Duplicate:
		a.remark("%s: same bytes as %s, nothing to do", path, clean(r.Already))
	case r.Already != "":
		a.remark("%s: already imported, nothing changed", path)
	case r.Err != nil && s.State != store.Partial:
		fmt.Fprintln(a.err, "callsift:", clean(r.Err.Error()))
	default:
		text := fmt.Sprintf("%s: %s: %s", path, s.Format, records(s))
		if s.Rejected > 0 {
			text += fmt.Sprintf(", %s rejected", count(s.Rejected))
			if !a.temporary {
				text += " (callsift rejects)"
			}
		}
		if i := strings.Index(s.Note, "grown: "); i >= 0 {
			text += "; " + clean(s.Note[i:])
		}
		if s.TZFrom != "" {
			text += fmt.Sprintf(", times in %s (%s)", s.TZ, s.TZFrom)
		}
		a.remark("%s", text)
		if r.Err != nil {
			fmt.Fprintln(a.err, "callsift:", clean(r.Err.Error()))
		}
	}
}

func records(s *store.Source) string {
	text := ""
	add := func(n int64, one, many string) {
		if n == 0 {
			return
		}
		if text != "" {
			text += ", "
		}
		if n == 1 {
			many = one
		}
		text += count(n) + " " + many
	}
	add(s.Messages, "SIP message", "SIP messages")
	add(s.CDRs, "CDR", "CDRs")
	add(s.Events, "event", "events")
	if text == "" {
		return "no records"
	}
	return text
}
