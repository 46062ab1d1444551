package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// readmeBlock is a fenced block: its language and lines.
type readmeBlock struct {
	language string
	lines    []string
}

func readmeBlocks(t *testing.T) []readmeBlock {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []readmeBlock
	inside := false
	for _, line := range strings.Split(string(text), "\n") {
		language, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && !inside:
			blocks, inside = append(blocks, readmeBlock{language: language}), true
		case fence:
			inside = false
		case inside:
			b := &blocks[len(blocks)-1]
			b.lines = append(b.lines, line)
		}
	}
	return blocks
}

// TestREADME runs the README's commands in its order, in a folder that has the
// sample site. What is not the program itself is the test's caller or the build.
func TestREADME(t *testing.T) {
	site, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	blocks := readmeBlocks(t)
	picture, err := os.ReadFile("../../docs/heatmap.png")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.Symlink(site, "testdata"); err != nil {
		t.Skip(err)
	}
	if len(blocks) < 2 || strings.Join(blocks[0].lines, "\n") != "go run ./cmd/callsift report --week 2026-W46 --out report testdata/site" || strings.Join(blocks[1].lines, "\n") != "go test ./..." {
		t.Errorf("the first two commands are %v", blocks[:2])
	}
	ran := 0
	for _, b := range blocks {
		switch b.language {
		case "sh":
			for _, line := range b.lines {
				if line == "go test ./..." || strings.HasPrefix(line, "go build ") {
					continue
				}
				runLine(t, line)
				ran++
			}
		case "console":
			got := strings.Split(runLine(t, strings.TrimPrefix(b.lines[0], "$ ")), "\n")
			want := b.lines[1:]
			if last := len(want) - 1; want[last] == "..." {
				want = want[:last]
				got = got[:min(len(want), len(got))]
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s (-README +got)\n%s", b.lines[0], d)
			}
			ran++
		default:
			t.Errorf("a block in %q: write sh or console, so that it is run", b.language)
		}
	}
	if ran < 20 {
		t.Errorf("%d commands were run", ran)
	}
	// Elsewhere floating point may round another way, by a shade of a pixel.
	made, err := os.ReadFile("heatmap.png")
	if err != nil || runtime.GOARCH == "amd64" && !bytes.Equal(made, picture) {
		t.Errorf("docs/heatmap.png is not what the README's command makes (%v)", err)
	}
}

// runLine runs a command line as a shell would split it, and must succeed.
func runLine(t *testing.T, line string) string {
	t.Helper()
	words := shellWords(line)
	switch {
	case len(words) > 3 && words[0] == "go" && words[1] == "run" && words[2] == "./cmd/callsift":
		words = words[3:]
	case words[0] == "callsift":
		words = words[1:]
	default:
		t.Errorf("%q is no command of callsift", line)
		return ""
	}
	var out, errw bytes.Buffer
	if status := run(words, strings.NewReader(""), &out, &errw); status != exitOK {
		t.Errorf("%s: status %d: %s", line, status, &errw)
	}
	if out.Len() == 0 && words[0] != "import" && words[0] != "chart" {
		t.Errorf("%s: nothing printed", line)
	}
	return out.String()
}

// shellWords splits at blanks outside of quotes.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	var quote rune
	for _, r := range line + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case quote == 0 && r == ' ':
			if word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
		default:
			word.WriteRune(r)
		}
	}
	return words
}

// TestREADMECommands: the table of commands and the program name the same ones.
func TestREADMECommands(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## Commands\n")
	table, _, _ = strings.Cut(table, "\nCommon flags")
	for _, name := range commandNames(newRootCommand(&app{})) {
		if name != "help" && !strings.Contains(table, "`"+name+"`") {
			t.Errorf("the README's table of commands has no `%s`", name)
		}
	}
	_, table, _ = strings.Cut(string(text), "\n## Formats\n")
	table, _, _ = strings.Cut(table, "\n## ")
	for _, name := range formatNames() {
		if !strings.Contains(table, "`"+name+"`") {
			t.Errorf("the README's table of formats has no `%s`", name)
		}
	}
}

// TestHelpExamples: the examples of the help texts name commands and flags that
// are there, with values that the flags take.
func TestHelpExamples(t *testing.T) {
	var check func(*cobra.Command)
	check = func(c *cobra.Command) {
		for _, line := range strings.Split(c.Example, "\n") {
			words := shellWords(strings.TrimSpace(line))
			if len(words) == 0 {
				continue
			}
			root := newRootCommand(&app{})
			cmd, rest, err := root.Find(words[1:])
			if words[0] != "callsift" || err != nil || cmd == root {
				t.Errorf("help of %s: %q: no such command", c.Name(), line)
				continue
			}
			if err := cmd.ParseFlags(rest); err != nil {
				t.Errorf("help of %s: %q: %v", c.Name(), line, err)
			} else if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
				t.Errorf("help of %s: %q: %v", c.Name(), line, err)
			}
		}
		if c.Runnable() && c.Long == "" && len(c.Commands()) == 0 && c.Name() != "version" && c.Name() != "help" {
			t.Errorf("%s has no long help", c.Name())
		}
		for _, sub := range c.Commands() {
			check(sub)
		}
	}
	check(newRootCommand(&app{}))
}
