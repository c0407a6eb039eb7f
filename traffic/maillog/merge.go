package maillog

// Merge adds what was counted of another host, with the same Options. In any
// order and grouping the numbers are those of one reading of all logs, as long as
// the tables are within their bounds; beyond, within the error that they say.
// Messages that are not over go on in s.
func (s *Stats) Merge(o *Stats) {
	if s.last == 0 || o.last != 0 && o.first < s.first {
		s.first = o.first
	}
	s.last = max(s.last, o.last)
	for hour, c := range o.Hours {
		s.hourAt(hour * 3600).Add(*c)
	}
	s.Earlier.Add(o.Earlier)
	s.until = max(s.until, o.until)
	for i, t := range o.tables() {
		s.tables()[i].Merge(t)
	}
	s.Delays.Merge(&o.Delays)
	for i := range s.Stages {
		s.Stages[i].Merge(&o.Stages[i])
	}
	s.messages.evicted += o.messages.evicted
	var kept []openMessage
	for _, msg := range o.messages.followed() {
		kept = append(kept, o.kept(msg, maxText))
	}
	s.resume(kept) //nolint:errcheck // their names are those of messages
}
