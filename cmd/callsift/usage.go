package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noArgs refuses arguments of a command that takes none.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s: %q, want no argument", cmd.Name(), args[0])
	}
	return nil
}

// wantArgs checks how many arguments there are; what says which ones are
// missing. most 0: any number.
func wantArgs(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usagef("%s: no %s; see callsift %s --help", cmd.Name(), what, cmd.Name())
		case most > 0 && len(args) > most:
			return usagef("%s: %q is one argument too many; see callsift %s --help", cmd.Name(), args[most], cmd.Name())
		}
		return nil
	}
}

// flagError says what is wrong with a flag in the words of the other messages.
func flagError(cmd *cobra.Command, err error) error {
	var (
		value   *pflag.InvalidValueError
		missing *pflag.ValueRequiredError
		unknown *pflag.NotExistError
	)
	help := strings.TrimSpace(cmd.CommandPath()) + " --help"
	switch {
	case errors.As(err, &value):
		want := map[string]string{"int": "a whole number", "duration": "a time such as 30s or 10m", "bool": "true or false"}[value.GetFlag().Value.Type()]
		if want == "" {
			want = "a " + value.GetFlag().Value.Type()
		}
		return usagef("--%s: %q, want %s", value.GetFlag().Name, value.GetValue(), want)
	case errors.As(err, &missing):
		name, _ := pflag.UnquoteUsage(missing.GetFlag())
		return usagef("--%s: no value, want %s; see %s", missing.GetFlag().Name, name, help)
	case errors.As(err, &unknown):
		dashes := "--"
		if unknown.GetSpecifiedShortnames() != "" {
			dashes = "-"
		}
		return usagef("%s%s: no such flag; see %s", dashes, unknown.GetSpecifiedName(), help)
	}
	return usage(fmt.Errorf("%w; see %s", err, help))
}

// atLeastZero checks the value of a flag that counts.
func atLeastZero(flag string, n int) error {
	if n < 0 {
		return usagef("--%s: \"%d\", want 0 or more", flag, n)
	}
	return nil
}
