// Callsift reads what PBXs and VoIP gateways leave behind (SIP logs, captures,
// call detail records) into one SQLite file and says why calls fail.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
	_ "time/tzdata" // Windows and scratch containers have no zone files

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitThreshold   = 3
	exitInterrupted = 130
)

const (
	interrupted = "callsift: interrupted; nothing of the source being read was kept"
	graceTime   = 700 * time.Millisecond // to end in order after a signal
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// app is what all commands share: where data and messages go.
type app struct {
	in       io.Reader
	out, err io.Writer
	quiet    bool
	db       string
	config   string // of --config

	temporary bool                   // the database is gone when the command ends
	tempDir   atomic.Pointer[string] // where it is
}

// run runs one command line and returns the exit status.
func run(args []string, in io.Reader, out, errw io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A read that waits, such as of standard input, may not notice: the program
	// ends all the same. Nothing is lost by that: a source is in as a whole or not at all.
	a := &app{in: in, out: out, err: errw}
	settled := context.AfterFunc(ctx, func() {
		stop() // a second Ctrl-C is the system's own
		time.Sleep(graceTime)
		if dir := a.tempDir.Load(); dir != nil {
			os.RemoveAll(*dir)
		}
		fmt.Fprintln(errw, interrupted)
		os.Exit(exitInterrupted)
	})
	defer settled()
	root := newRootCommand(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil:
		fmt.Fprintln(errw, interrupted)
		return exitInterrupted
	case errors.Is(err, syscall.EPIPE):
		return exitOK // whoever read our output had enough
	}
	fmt.Fprintln(errw, "callsift:", cleanLines(err.Error()))
	var status *exitStatus
	if errors.As(err, &status) {
		return status.code
	}
	return exitError
}

// exitStatus is an error with the status that the program ends with.
type exitStatus struct {
	code int
	err  error
}

func (e *exitStatus) Error() string { return e.err.Error() }
func (e *exitStatus) Unwrap() error { return e.err }

// usage marks an error as the user's way of calling the command.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &exitStatus{exitUsage, err}
}

func usagef(format string, args ...any) error { return usage(fmt.Errorf(format, args...)) }

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "callsift",
		Short: "Why calls fail, from SIP logs, captures and call detail records",
		Long: `callsift reads what PBXs and VoIP gateways leave behind (SIP logs, packet
captures, call detail records) into one SQLite file and says why calls fail: by
response class and code, by trunk, by hour, with charts and with the evidence
behind every number.

Start with the folder that holds a site's files:

  callsift report --week last --out report FOLDER

EXIT STATUS
  0  done
  1  error
  2  wrong usage
  3  a threshold was crossed (--fail-over, --fail-on)
  130  interrupted`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("no command %q; commands are %s", args[0], strings.Join(commandNames(cmd), ", "))
			}
			return cmd.Help()
		},
	}
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetIn(a.in)
	root.SetFlagErrorFunc(flagError)
	root.PersistentFlags().StringVar(&a.db, "db", "", "database `FILE` (default $CALLSIFT_DB, else callsift.db)")
	root.PersistentFlags().StringVar(&a.config, "config", "", "configuration `FILE` (default $CALLSIFT_CONFIG, else callsift.toml beside the database)")
	root.PersistentFlags().BoolVarP(&a.quiet, "quiet", "q", false, "no progress and no remarks on standard error")
	root.AddCommand(
		newImportCommand(a), newReportCommand(a), newBreakdownCommand(a), newChartCommand(a), newMetricsCommand(a), newCompareCommand(a),
		newCallsCommand(a), newCallCommand(a), newLedgerCommand(a), newSourcesCommand(a), newRejectsCommand(a),
		newExplainCommand(a), newFormatsCommand(a), newSQLCommand(a), newCheckCommand(a), newPruneCommand(a), newConfigCommand(a), newVersionCommand(a),
	)
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "completion":
			shellsOnly(c)
		case "help":
			c.Args, c.RunE, c.Run = nil, helpOn, nil
		}
	}
	return root
}

func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

// shellsOnly makes a missing or unknown shell a usage error: the library prints
// its help instead and leaves status 0.
func shellsOnly(c *cobra.Command) {
	shells := commandNames(c)
	c.Short = "Print the script that completes commands and flags in a shell"
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("completion: no shell; shells are %s", strings.Join(shells, ", "))
		}
		return usagef("completion: no shell %q; shells are %s", args[0], strings.Join(shells, ", "))
	}
}

// helpOn prints the help of a command.
func helpOn(c *cobra.Command, args []string) error {
	cmd, rest, err := c.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return usagef("help: no command %q; commands are %s", strings.Join(args, " "), strings.Join(commandNames(c.Root()), ", "))
	}
	cmd.InitDefaultHelpFlag()
	return cmd.Help()
}

// remark tells the user something on standard error.
func (a *app) remark(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintln(a.err, "callsift:", cleanLines(fmt.Sprintf(format, args...)))
	}
}
