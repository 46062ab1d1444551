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
	"syscall"
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

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// app is what all commands share: where data and messages go.
type app struct {
	in       io.Reader
	out, err io.Writer
	quiet    bool
	db       string
}

// run runs one command line and returns the exit status.
func run(args []string, in io.Reader, out, errw io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{in: in, out: out, err: errw}
	root := newRootCommand(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil:
		fmt.Fprintln(errw, "callsift: interrupted; nothing of the source being read was kept")
		return exitInterrupted
	case errors.Is(err, syscall.EPIPE):
		return exitOK // whoever read our output had enough
	}
	fmt.Fprintln(errw, "callsift:", err)
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
  3  a threshold was crossed (--fail-over)
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
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.PersistentFlags().StringVar(&a.db, "db", "", "database `FILE` (default $CALLSIFT_DB, else callsift.db)")
	root.PersistentFlags().BoolVarP(&a.quiet, "quiet", "q", false, "no progress and no remarks on standard error")
	root.AddCommand(
		newImportCommand(a), newReportCommand(a), newBreakdownCommand(a), newChartCommand(a), newMetricsCommand(a),
		newCallsCommand(a), newCallCommand(a), newLedgerCommand(a), newSourcesCommand(a), newRejectsCommand(a),
		newExplainCommand(a), newFormatsCommand(a), newSQLCommand(a), newVersionCommand(a),
	)
	root.CompletionOptions.HiddenDefaultCmd = false
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

// args turns cobra's complaint about arguments into a usage error.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, list []string) error { return usage(check(cmd, list)) }
}

// remark tells the user something on standard error.
func (a *app) remark(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.err, "callsift: "+format+"\n", args...)
	}
}
