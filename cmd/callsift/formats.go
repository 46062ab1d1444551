package main

import (
	"strings"

	"github.com/spf13/cobra"

	"callsift/ingest"
)

func newFormatsCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "formats [flags]",
		Short: "The kinds of files that callsift reads",
		Long: `List the kinds of files that callsift reads, in the order in which they are tried.
Proof says how sure their shape is: real files, source code of the producing
program, or its documentation.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return runFormats(a, format) },
	}
	formatOption(cmd, &format)
	return cmd
}

type formatJSON struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Kind        string `json:"kind"`
	Proof       string `json:"proof"`
	Example     string `json:"example"`
}

func runFormats(a *app, format string) error {
	if err := checkFormat(format); err != nil {
		return err
	}
	if format == "json" {
		list := []formatJSON{}
		for _, f := range ingest.Formats {
			list = append(list, formatJSON{f.Name, f.Description, f.Kind, f.Proof, f.Example})
		}
		return writeJSON(a.out, list)
	}
	s := newSheet("format", "kind", "what it is~", "proof", "example")
	for _, f := range ingest.Formats {
		example := f.Example
		if format == "table" {
			example, _, _ = strings.Cut(example, "\n")
			example = cut(example, 50)
		}
		s.add(f.Name, f.Kind, f.Description, f.Proof, example)
	}
	return s.write(a.out, format)
}
