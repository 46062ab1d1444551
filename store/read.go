package store

// Cell counts the attempts of one profile in one quarter hour (or hour).
type Cell struct {
	Time    int64 // start, microseconds UTC
	Profile int64
	N       int64
	Talked  int64 // answered with a known end
	TalkMS  int64
	Short   int64 // of Talked: under 6 s
}

// DelayKind names a distribution.
type DelayKind int

// The delays that are kept as distributions.
const (
	DelayPDD   DelayKind = 1 // t1 to the first response that tells the caller something
	DelayAlert DelayKind = 2 // t1 to the first 180
	DelayMedia DelayKind = 3 // t1 to the first 18x with SDP
	DelayFail  DelayKind = 4 // t1 to the failure response (SRD, failed)
	DelayReg   DelayKind = 5 // registration request delay (RRD)
	DelayBye   DelayKind = 6 // session disconnect delay (SDD)
)

// Delay counts delays of one kind that fell into one bucket.
type Delay struct {
	Time    int64
	Profile int64
	Kind    DelayKind
	Bucket  int
	N       int64
}
