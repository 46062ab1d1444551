package analyze

import (
	"slices"

	"callsift/store"
	"callsift/store/codes"
)

// hasCode: the record carried a SIP status, or there was no response to carry
// one. RFC 6076's figures are made of these alone.
func hasCode(p *store.Profile) bool { return p.Code != codes.Unknown }

// rated: had a chance to be answered and is known to have ended (metrics.md §5).
func rated(p *store.Profile) bool {
	return p.Outcome != codes.Redirected && p.Outcome != codes.InProgress && p.Outcome != codes.CompletedElsewhere
}

// requested: a session request of RFC 6076 whose end is known. A 3xx is one.
func requested(p *store.Profile) bool {
	return hasCode(p) && p.Outcome != codes.InProgress && p.Outcome != codes.CompletedElsewhere
}

func is3xx(p *store.Profile) bool { return p.Code >= 300 && p.Code < 400 }

// alwaysUser are the codes that E.425 counts as the user's doing unless the call
// failed for another reason, such as a block by the network (603) or a trunk's
// 503 that the PBX told the caller as 480.
var alwaysUser = []int{480, 486, 600, 603, 607}

// nerRated: a record that only says that nobody talked is neither the network's
// nor the user's, so the network's figure leaves it out.
func nerRated(p *store.Profile) bool { return rated(p) && p.Outcome != codes.NotConnected }

// inNER: answered, or ended by the user (metrics.md §1, E.425 §1.5).
func inNER(p *store.Profile) bool {
	switch {
	case p.Outcome == codes.Answered:
		return true
	case !hasCode(p):
		return p.Outcome == codes.User || p.Outcome == codes.Abandoned && p.Rang
	case p.Outcome != codes.Failed:
		return codes.InNER(p.Code, p.Rang, recordedCause(p))
	case p.CauseCode <= 0 && recordedCause(p) < 0 && slices.Contains(alwaysUser, p.Code):
		return false
	}
	return codes.InNER(nearestCode(p), p.Rang, recordedCause(p))
}

// recordedCause is the Q.850 cause if a message or record carried it, else -1:
// one that was translated from the status adds nothing to the status.
func recordedCause(p *store.Profile) int {
	if p.CauseQ850 <= 0 || p.CauseFrom == codes.Mapped || p.CauseFrom == codes.Inferred {
		return -1
	}
	return p.CauseQ850
}

// inSEER: 200, 480, 486, 600 or 603, exactly (RFC 6076 §4.7).
func inSEER(p *store.Profile) bool { return p.Outcome == codes.Answered || codes.InSEER(p.Code) }

// conversed: answered, and not in the moment in which the caller hung up: that is
// short, but no sign of bad audio (transactions.md §2.3).
func conversed(p *store.Profile) bool {
	return p.Outcome == codes.Answered && flagsOf(p)&codes.FlagCancelLostRace == 0
}

// inISA: 408, 500, 503, 504 (RFC 6076 §4.8); no response counts as 408, a
// transport error as 503 (RFC 3261 §8.1.3.1).
func inISA(p *store.Profile) bool {
	return codes.InISA(p.Code) && (p.Code != codes.None || p.Outcome == codes.Failed)
}

// inIRA: 4xx but 401 and 407, 5xx, 6xx, or no response to a REGISTER (RFC 6076
// §4.2, which exempts 402 too, an oversight that is not followed here).
func inIRA(p *store.Profile) bool {
	switch {
	case p.Code == codes.None:
		return p.Outcome == codes.Failed || flagsOf(p)&(codes.FlagTimeout|codes.FlagTransportError) != 0
	case p.Code == 401 || p.Code == 407:
		return false
	}
	return p.Code >= 400
}

// flaggedOut is what a headline figure leaves out, with its count beside it.
const flaggedOut = codes.FlagScanner | codes.FlagTruncatedStart | codes.FlagOrphan

func headline(p *store.Profile) bool { return flagsOf(p)&flaggedOut == 0 }
