package weblog

// Merge adds what was counted of another server, with the same Options. In any
// order and grouping the numbers are those of one reading of all logs, as long as
// the tables are within their bounds; beyond, within the error that they say.
func (s *Stats) Merge(o *Stats) {
	s.visits = nil // which of both are the same is not known
	if s.First.IsZero() || !o.First.IsZero() && o.First.Before(s.First) {
		s.First = o.First
	}
	if o.Last.After(s.Last) {
		s.Last = o.Last
	}
	s.Failed += o.Failed
	for hour, c := range o.Hours {
		s.hourAt(hour).Add(*c)
	}
	for date, d := range o.Days {
		own := s.dayAt(date)
		own.Add(d.Counts)
		own.Visitors.Merge(&d.Visitors)
	}
	s.hour, s.day = nil, nil // which may be folded
	e := o.Earlier
	s.Earlier.Add(e.Counts)
	s.Earlier.span(e.First, e.Date)
	s.Earlier.Visitors, s.Earlier.Approximate = s.Earlier.Visitors+e.Visitors, s.Earlier.Approximate || e.Approximate
	s.boundVisitors()
	for i := range s.HourOfDay {
		s.HourOfDay[i].Add(o.HourOfDay[i])
	}
	for i := range s.Statuses {
		s.Statuses[i].Add(o.Statuses[i])
	}
	for i, t := range o.tables() {
		s.tables()[i].Merge(t)
	}
	s.Took.Merge(&o.Took)
}
