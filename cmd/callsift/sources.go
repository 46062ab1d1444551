package main

import (
	"context"
	"sort"
	"time"

	"github.com/spf13/cobra"
)

func sortedNames(m map[string]int64) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

func newSourcesCommand(a *app) *cobra.Command {
	var format string
	var remarks bool
	cmd := &cobra.Command{
		Use:   "sources [flags]",
		Short: "The files that were looked at, and what became of each",
		Long: `List every file that was looked at: its format, how many records it gave, how
many were rejected, the time that it covers, and the zone in which times without
one were read, with how that zone was known.

States: imported; partial (damaged: what could be read was); unknown (no format
recognised); empty; duplicate (same bytes as another file); unreadable; joined (the
place where a rotated log goes on in the next file, in the middle of a message: the
message is read whole, and its two parts count as duplicates).

Where two sources hold the same messages, or a source of records and the SIP the
same calls, it is measured how far their clocks are apart. What is found stands in
the note; it is taken off for finding what belongs together, unless import was given
--skew off. The note also counts gaps (no times for over a quarter hour, and much
longer than elsewhere in the file) and places where the times go back; --remarks
lists them, and what else there is to say: how missing years, dates and seconds were
found, records of a log that are missing, a charset that was guessed.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runSources(cmd.Context(), a, format, remarks) },
	}
	formatOption(cmd, &format)
	cmd.Flags().BoolVar(&remarks, "remarks", false, "list what there is to say about each file instead, with lines")
	cmd.AddCommand(newRemoveCommand(a))
	return cmd
}

// sourceJSON is the stable form of `sources --format json`.
type sourceJSON struct {
	Path     string `json:"path"`
	Format   string `json:"format"`
	SHA256   string `json:"sha256"`
	Size     int64  `json:"size"`
	Records  int64  `json:"records"`
	Messages int64  `json:"messages"`
	CDRs     int64  `json:"cdrs"`
	Events   int64  `json:"events"`
	Rejected int64  `json:"rejected"`
	Doubled  int64  `json:"doubled"`
	First    string `json:"first"`
	Last     string `json:"last"`
	TZ       string `json:"tz"`
	TZFrom   string `json:"tz_from"`
	State    string `json:"state"`
	Note     string `json:"note"`
	// How far the source's clock is ahead of others', by what that was measured, and
	// how much of it was taken off for finding what belongs together.
	ClockAheadMS   int64  `json:"clock_ahead_ms"`
	ClockAgainst   string `json:"clock_against"`
	ClockBy        string `json:"clock_by"`
	ClockCompared  int64  `json:"clock_compared"`
	ClockAppliedMS int64  `json:"clock_applied_ms"`
	// Where the source has no times for long, where they go back, and what else its
	// reader had to say.
	Gaps    []gapJSON    `json:"gaps"`
	Back    []gapJSON    `json:"back"`
	Remarks []remarkJSON `json:"remarks"`
}

type gapJSON struct {
	Line int64  `json:"line"`
	From string `json:"from"`
	To   string `json:"to"`
}

type remarkJSON struct {
	Line int64  `json:"line"`
	Text string `json:"text"`
}

func runSources(ctx context.Context, a *app, format string, remarks bool) error {
	if err := checkFormat(format); err != nil {
		return err
	}
	db, done, err := a.openRead(ctx, nil, nil)
	if err != nil {
		return err
	}
	defer done()
	list, err := db.Sources(ctx)
	if err != nil {
		return err
	}
	more, err := readSourceNotes(ctx, db, list)
	if err != nil {
		return err
	}
	if format == "json" {
		out := []sourceJSON{}
		for i := range list {
			s := &list[i]
			c := more.clocks[s.ID]
			one := sourceJSON{s.Path, s.Format, s.SHA256, s.Size, s.Records(), s.Messages, s.CDRs, s.Events, s.Rejected, s.Doubled,
				rfc3339(s.First), rfc3339(s.Last), s.TZ, s.TZFrom, string(s.State), s.Note,
				c.Ahead / 1000, more.paths[c.Against], c.How, c.N, c.Applied / 1000, []gapJSON{}, []gapJSON{}, []remarkJSON{}}
			for _, g := range more.gaps[s.ID] {
				j := gapJSON{g.Line, rfc3339(g.From), rfc3339(g.To)}
				if g.Back {
					one.Back = append(one.Back, j)
				} else {
					one.Gaps = append(one.Gaps, j)
				}
			}
			for _, w := range more.remarks[s.Path] {
				one.Remarks = append(one.Remarks, remarkJSON{w.Line, w.Text})
			}
			out = append(out, one)
		}
		return writeJSON(a.out, out)
	}
	if remarks {
		return more.sheet(list).write(a.out, format)
	}
	t := newSheet("source", "state", "format", "records>", "rejected>", "first (UTC)", "last (UTC)", "zone", "note~")
	for i := range list {
		s := &list[i]
		zone := s.TZ
		if s.TZFrom != "" {
			zone += " (" + s.TZFrom + ")"
		}
		t.add(s.Path, string(s.State), s.Format, count(s.Records()), count(s.Rejected), whole(s.First), whole(s.Last), zone, more.note(s))
	}
	return t.write(a.out, format)
}

// whole is a time to the second, UTC.
func whole(us int64) string {
	if us == 0 {
		return ""
	}
	return time.UnixMicro(us).UTC().Format("2006-01-02 15:04:05")
}

func newRejectsCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "rejects [flags]",
		Short: "Input that could not be used, with file, line and reason",
		Long: `List input that could not be used: file, line (packet number in captures), reason
and a sample. Of one reason in one file the first 200 are listed; the rest is one
row with their number.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runRejects(cmd.Context(), a, format) },
	}
	formatOption(cmd, &format)
	return cmd
}

type rejectJSON struct {
	Path    string `json:"path"`
	Line    int64  `json:"line"`
	Offset  int64  `json:"offset"`
	Reason  string `json:"reason"`
	Sample  string `json:"sample"`
	Records int64  `json:"records"`
}

func runRejects(ctx context.Context, a *app, format string) error {
	if err := checkFormat(format); err != nil {
		return err
	}
	db, done, err := a.openRead(ctx, nil, nil)
	if err != nil {
		return err
	}
	defer done()
	list, err := db.Rejects(ctx)
	if err != nil {
		return err
	}
	if format == "json" {
		out := []rejectJSON{}
		for _, r := range list {
			out = append(out, rejectJSON(r))
		}
		return writeJSON(a.out, out)
	}
	t := newSheet("source", "line>", "records>", "reason", "sample")
	for _, r := range list {
		sample := r.Sample
		if format == "table" && len(sample) > 60 {
			sample = cut(sample, 60)
		}
		t.add(r.Path, count(r.Line), count(r.Records), r.Reason, sample)
	}
	if len(list) == 0 {
		a.remark("nothing was rejected")
	}
	return t.write(a.out, format)
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
