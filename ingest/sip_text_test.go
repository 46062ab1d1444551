package ingest

import (
	"fmt"

	"callsift/store"
)

// recordingSink lists what a reader hands out.
type recordingSink struct {
	onMessage func(*Observation)
	rejects   []string
	warnings  []string
}

func (s *recordingSink) Message(o *Observation) { s.onMessage(o) }
func (s *recordingSink) CDR(*CDR)               {}
func (s *recordingSink) Event(*store.Event)     {}
func (s *recordingSink) Reject(at Place, reason string, sample []byte) {
	s.rejects = append(s.rejects, fmt.Sprintf("line %d at %d+%d: %s", at.Line, at.Offset, at.Length, reason))
}
func (s *recordingSink) Warn(at Place, text string) {
	s.warnings = append(s.warnings, fmt.Sprintf("line %d: %s", at.Line, text))
}
