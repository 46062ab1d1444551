// Package safety holds the tests of what must never cost the evidence, on the
// program as a user runs it: killed at any moment, on a full disk, with damaged
// databases and with input made to hurt. With -update they write their figures
// into docs/reliability.md.
package safety
