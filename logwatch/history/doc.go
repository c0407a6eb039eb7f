// Package history remembers how many lines of each kind came in which hour, and
// says by that what a single day cannot: that a kind was never seen before, that
// one which always came has stopped, that one comes far more often than it ever
// did at this hour of this day of the week.
//
//	h, err := history.Decode(kept)
//	h.Begin(now)
//	k := h.Add("cron\x00job", at, 1)
//	if k.New() { // its first line came since Decode
//	}
//	burst, found := h.Burst(k)
//	kept = h.Encode() // to be stored together with the position in the logs
//
// With too little memory the answer is that nothing is known, never that all is
// fine: each question reports whether it has an answer.
//
// The package does not know what a kind is, and stores nothing.
//
// # Design
//
// Counts are kept by the hour for five weeks, as a list of the hours in which
// anything came: most kinds come seldom. So the same hour of the same day of
// earlier weeks is looked up and not modelled, and the answer can be said in a
// sentence. Hours in which the machine was not seen at all count for nothing, so
// that a computer which is off at night has not gone silent.
//
// The memory is bounded. Kinds that came in one hour only go first, the oldest
// of them before others; one that came regularly and had to go is Lost.
package history
