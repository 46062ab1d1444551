package report

import (
	"fmt"
	"strings"
	"time"

	"callsift/analyze"
	"callsift/charts/internal/show"
	"callsift/store/codes"
)

// queries are the SQL that gives the numbers of the report's tables from the
// views of the database, for callsift sql. The zero value gives none.
type queries struct {
	on     bool
	view   string // calls or attempts
	where  string // the period and what the user selected
	strict string // and what headline figures leave out
}

// sqlColumns are the columns of the views where a key is called otherwise.
var sqlColumns = map[string]string{
	"source": "caller", "cause_code": "CASE WHEN cause_code > 0 THEN cause_code ELSE code END",
}

func newQueries(r *analyze.Report, opt Options) queries {
	if !opt.ShowSQL {
		return queries{}
	}
	q := queries{on: true, view: show.Scope(r.Scope)}
	stamp := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }
	conditions := []string{fmt.Sprintf("started >= '%s'", stamp(r.Period.From)), fmt.Sprintf("started < '%s'", stamp(r.Period.To))}
	for _, c := range opt.Where {
		switch c.Key {
		case "hour", "weekday", "day", "week", "flag", "site", "method":
			conditions = append(conditions, fmt.Sprintf("1 /* and %s, which these views cannot say */", c.Key))
			continue
		}
		column := sqlColumns[c.Key]
		if column == "" {
			column = c.Key
		}
		var values []string
		for _, v := range c.Values {
			values = append(values, quoted(v))
		}
		not := ""
		if c.Not {
			not = "NOT "
		}
		conditions = append(conditions, fmt.Sprintf("%s %sIN (%s)", column, not, strings.Join(values, ", ")))
	}
	q.where = strings.Join(conditions, " AND ")
	q.strict = fmt.Sprintf("%s AND scanner = 0 AND flags & %d = 0", q.where, codes.FlagScanner|codes.FlagTruncatedStart|codes.FlagOrphan)
	return q
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func (q queries) text(format string, args ...any) string {
	if !q.on {
		return ""
	}
	return fmt.Sprintf(format, args...)
}

const (
	failedSum = "sum(outcome = 'failed') AS failed"
	ratedSum  = "sum(outcome NOT IN ('redirected', 'in_progress', 'completed_elsewhere')) AS rated"
)

func (q queries) kpis() string {
	return q.text("SELECT count(*) AS calls, sum(outcome = 'answered') AS answered, %s, %s\nFROM %s WHERE %s", failedSum, ratedSum, q.view, q.strict)
}

func (q queries) classes() string {
	return q.text("SELECT class, count(*) AS calls, %s\nFROM %s WHERE %s\nGROUP BY class ORDER BY class", failedSum, q.view, q.where)
}

func (q queries) codes() string {
	return q.text("SELECT code, count(*) AS calls, %s\nFROM %s WHERE %s\nGROUP BY code ORDER BY calls DESC, code", failedSum, q.view, q.where)
}

func (q queries) pareto() string {
	return q.text("SELECT code, CASE WHEN cause = '' THEN reason ELSE cause END AS why, count(*) AS failed\nFROM %s WHERE outcome = 'failed' AND %s\nGROUP BY code, why ORDER BY failed DESC, code, why", q.view, q.strict)
}

func (q queries) trunks() string {
	return q.text("SELECT trunk, count(*) AS attempts, %s, %s\nFROM attempts WHERE %s\nGROUP BY trunk ORDER BY attempts DESC, trunk", failedSum, ratedSum, q.where)
}

func (q queries) groups(key string) string {
	column := key
	if c := sqlColumns[key]; c != "" {
		column = c
	}
	order := "calls DESC"
	if key == "source" {
		order = "failed DESC, calls DESC"
	}
	return q.text("SELECT %s, count(*) AS calls, %s, %s\nFROM %s WHERE %s\nGROUP BY %s ORDER BY %s, %s LIMIT 20", column, failedSum, ratedSum, q.view, q.where, column, order, column)
}

func (q queries) hours() string {
	return q.text("SELECT substr(started, 1, 13) AS hour_utc, count(*) AS rated, %s\nFROM %s WHERE outcome NOT IN ('redirected', 'in_progress', 'completed_elsewhere') AND %s\nGROUP BY hour_utc ORDER BY failed DESC LIMIT 20", failedSum, q.view, q.strict)
}

func (q queries) marks() string {
	var columns []string
	for i, name := range codes.FlagList() {
		columns = append(columns, fmt.Sprintf("sum(flags >> %d & 1) AS %s", i, name))
	}
	return q.text("SELECT %s\nFROM %s WHERE %s", strings.Join(columns, ", "), q.view, q.where)
}

func (q queries) sources() string {
	return q.text("SELECT path, format, messages + cdrs + events AS records, rejected FROM sources ORDER BY path")
}

func (q queries) rejects() string {
	return q.text("SELECT s.path, r.reason, sum(r.records) AS n, min(r.line) AS line\nFROM reject r JOIN source s ON s.id = r.source\nGROUP BY s.path, r.reason ORDER BY s.path, r.reason")
}
