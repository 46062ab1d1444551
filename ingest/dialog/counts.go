package dialog

// Counts say what was folded into what, step by step:
//
//	Messages = Duplicates + Unusable + Retransmissions + Kept
//	Transactions = Invites + InDialog + Acks + Cancels + Requests + Orphaned
//	Invites = Attempts + Retries
//	Attempts = Calls + Hops + Further
//	Requests = Others + RequestRetries + RequestHops
//
// A non-2xx ACK belongs to its INVITE's transaction, a 2xx's ACK is one of its own.
type Counts struct {
	Messages        int
	Duplicates      int // seen again on the same or another link (R14)
	Unusable        int // what RFC 3261 discards: status outside 100 to 699
	Retransmissions int // R7
	Kept            int

	Transactions int
	Invites      int // initial INVITEs
	InDialog     int // re-INVITE, BYE, PRACK, UPDATE, INFO ... of known dialogs (R8)
	Acks         int // of 2xx
	Cancels      int
	Requests     int // REGISTER, OPTIONS ... outside calls
	Orphaned     int // of dialogs that began before the sources

	Attempts int // initial INVITEs on one hop
	Retries  int // folded into an attempt: challenge answered (R1), digits added (R6)
	Calls    int // INVITE calls
	Hops     int // attempts that relay another one of the same call (R9, R11)
	Further  int // attempts of a call after or beside its first: redirects, failovers, forks

	Others         int // rows of other methods
	RequestRetries int
	RequestHops    int
	Orphans        int // rows for unknown dialogs
}

// Add adds the counts of another Call-ID.
func (c *Counts) Add(o Counts) {
	c.Messages += o.Messages
	c.Duplicates += o.Duplicates
	c.Unusable += o.Unusable
	c.Retransmissions += o.Retransmissions
	c.Kept += o.Kept
	c.Transactions += o.Transactions
	c.Invites += o.Invites
	c.InDialog += o.InDialog
	c.Acks += o.Acks
	c.Cancels += o.Cancels
	c.Requests += o.Requests
	c.Orphaned += o.Orphaned
	c.Attempts += o.Attempts
	c.Retries += o.Retries
	c.Calls += o.Calls
	c.Hops += o.Hops
	c.Further += o.Further
	c.Others += o.Others
	c.RequestRetries += o.RequestRetries
	c.RequestHops += o.RequestHops
	c.Orphans += o.Orphans
}

// countAll fills the counts that follow from the finished structures.
func (a *assembly) countAll() {
	c := &a.counts
	c.Kept = len(a.pkts) - c.Retransmissions
	c.Transactions = len(a.txs)
	for i := range a.txs {
		switch a.txs[i].kind {
		case invite:
			c.Invites++
		case request:
			c.Requests++
		case inDialog:
			c.InDialog++
		case orphan:
			c.Orphaned++
		case cancel:
			c.Cancels++
		case ackOnly:
			c.Acks++
		}
	}
	for i := range a.legs {
		l := &a.legs[i]
		if a.txs[l.first].kind != invite {
			continue
		}
		c.Attempts++
		if l.parent >= 0 {
			c.Hops++
		}
	}
	c.Retries = c.Invites - c.Attempts
	c.RequestRetries = c.Requests - (len(a.legs) - c.Attempts)
	for i := range a.calls {
		switch g := &a.calls[i]; {
		case g.orphan:
			c.Orphans++
		case g.invite:
			c.Calls++
		default:
			c.Others++
		}
	}
	c.Further = c.Attempts - c.Hops - c.Calls
	c.RequestHops = len(a.legs) - c.Attempts - c.Others
}
