package version

import (
	"cmp"
	"strings"
)

var openbsd = rule{
	name: "openbsd",
	parse: func(v Version) (Version, string) {
		reason := v.splitOpenBSD()
		return v, reason
	},
	compare: func(a, b Version, _ bool) Order { return compareOpenBSD(a, b) },
}

// splitOpenBSD cuts version[pN][vN][-flavor…], as packages-specs(7) has it.
func (v *Version) splitOpenBSD() (reason string) {
	v.upstream, v.flavors, _ = strings.Cut(v.text, "-")
	v.upstream, v.epoch = cutNumber(v.upstream, 'v')
	v.upstream, v.revision = cutNumber(v.upstream, 'p')
	if v.upstream == "" || !isDigit(v.upstream[0]) {
		return "version does not begin with a digit"
	}
	return plainReason(v.upstream)
}

// cutNumber cuts a mark with a number behind it off the end; "" where there is none.
func cutNumber(s string, mark byte) (rest, n string) {
	i := strings.LastIndexByte(s, mark)
	if i < 0 || !allDigits(s[i+1:]) {
		return s, ""
	}
	return s[:i], s[i+1:]
}

// compareOpenBSD compares epochs, the numbers, the stage behind them, and the
// package's own revision. Packages of other flavors, and a "pre" and an "rc" of one
// version, have no order.
func compareOpenBSD(a, b Version) Order {
	if a.flavors != b.flavors {
		return Incomparable
	}
	if c := comparePresent(a.epoch, b.epoch); c != 0 {
		return orderOf(c)
	}
	if a.upstream != b.upstream {
		if o := compareDotted(a.upstream, b.upstream); o != Equal {
			return o
		}
	}
	return orderOf(comparePresent(a.revision, b.revision))
}

// comparePresent compares numbers of which a missing one is the least.
func comparePresent(a, b string) int {
	if a == "" || b == "" {
		return cmp.Compare(len(a), len(b))
	}
	return compareNumbers(a, b)
}

func compareDotted(a, b string) Order {
	a, stageA, numberA := cutStage(a)
	b, stageB, numberB := cutStage(b)
	for moreA, moreB := true, true; moreA || moreB; {
		if !moreA || !moreB {
			return orderOf(cmp.Compare(boolInt(moreA), boolInt(moreB)))
		}
		var x, y string
		x, a, moreA = strings.Cut(a, ".")
		y, b, moreB = strings.Cut(b, ".")
		if c := compareDot(x, y); c != 0 {
			return orderOf(c)
		}
	}
	switch {
	case stageA == stageB:
		return orderOf(comparePresent(numberA, numberB))
	case stages[stageA] == stages[stageB]:
		return Incomparable
	}
	return orderOf(cmp.Compare(stages[stageA], stages[stageB]))
}

var stages = map[string]int{"beta": -2, "pre": -1, "rc": -1, "": 0, "pl": 1}

// cutStage cuts a stage, with its number, off the last component.
func cutStage(s string) (rest, stage, number string) {
	end := len(s)
	for end > 0 && isDigit(s[end-1]) {
		end--
	}
	for name := range stages {
		if before, ok := strings.CutSuffix(s[:end], name); ok && name != "" && before != "" && isDigit(before[len(before)-1]) {
			return before, name, s[end:]
		}
	}
	return s, "", ""
}

// compareDot compares numbers with at most a letter behind them, and other
// components as text.
func compareDot(a, b string) int {
	m, n := digits(a), digits(b)
	if m == 0 || n == 0 || len(a)-m > 1 || len(b)-n > 1 {
		return strings.Compare(a, b)
	}
	if c := compareNumbers(a[:m], b[:n]); c != 0 {
		return c
	}
	return strings.Compare(a[m:], b[n:])
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
