package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCountingPage runs the commands of docs/counting.md over testdata/counting
// and compares what the page says that they print. With CALLSIFT_UPDATE=1 it
// writes the page anew. A block that ends in "..." shows the beginning only.
func TestCountingPage(t *testing.T) {
	page, err := filepath.Abs("../../docs/counting.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("../../testdata/counting")
	db := filepath.Join(t.TempDir(), "counting.db")
	t.Setenv("CALLSIFT_DB", db)
	callsift := func(args ...string) string {
		var out, errw bytes.Buffer
		if status := run(args, strings.NewReader(""), &out, &errw); status != exitOK {
			t.Fatalf("%v: status %d: %s", args, status, &errw)
		}
		return out.String()
	}
	callsift("import", "--tz", "UTC", "full", "Master.csv")

	const fence = "```console\n$ callsift "
	parts := strings.Split(string(text), fence)
	if len(parts) < 4 {
		t.Fatalf("%d commands in %s", len(parts)-1, page)
	}
	for i, part := range parts[1:] {
		block, rest, ok := strings.Cut(part, "```\n")
		command, said, _ := strings.Cut(block, "\n")
		if !ok {
			t.Fatalf("block %q has no end", command)
		}
		got := trimLines(callsift(strings.Fields(command)...))
		if shown, cut := strings.CutSuffix(said, "...\n"); cut {
			lines := strings.SplitAfter(got, "\n")
			got = strings.Join(lines[:min(len(lines), strings.Count(shown, "\n"))], "") + "...\n"
		}
		parts[i+1] = command + "\n" + got + "```\n" + rest
		if diff := cmp.Diff(said, got); diff != "" && os.Getenv("CALLSIFT_UPDATE") == "" {
			t.Errorf("%s (-page +callsift)\n%s", command, diff)
		}
	}
	if os.Getenv("CALLSIFT_UPDATE") != "" {
		if err := os.WriteFile(page, []byte(strings.Join(parts, fence)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// trimLines takes the blanks off the ends of lines, which editors do not keep.
func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
