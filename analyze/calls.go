package analyze

import (
	"context"

	"callsift/store"
)

// Calls hands the rows that a query selects to f, in order of time: the calls
// that a number is made of.
func Calls(ctx context.Context, db *store.DB, q Query, f func(*store.Attempt) error) error {
	profiles, err := db.Profiles(ctx)
	if err != nil {
		return err
	}
	s := selectFrom(Data{Profiles: profiles}, q, nil)
	filter := store.Filter{Profiles: map[int64]bool{}, Listed: true}
	if !q.Period.From.IsZero() {
		filter.From = q.Period.From.UnixMicro()
	}
	if !q.Period.To.IsZero() {
		filter.To = q.Period.To.UnixMicro()
	}
	for id := range s.profiles() {
		filter.Profiles[id] = true
	}
	return db.Attempts(ctx, filter, func(a *store.Attempt) error {
		if s.profile(a.Profile.ID, a.Start, a.Caller) == nil {
			return nil
		}
		return f(a)
	})
}
