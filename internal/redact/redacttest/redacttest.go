// Package redacttest makes texts that expressions match.
package redacttest

import (
	"math/rand/v2"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode"
)

// Text is one that an expression may match: what it says of borders is not looked at.
func Text(r *rand.Rand, re *regexp.Regexp) string {
	parsed, err := syntax.Parse(re.String(), syntax.Perl)
	if err != nil {
		panic(err) // it was compiled
	}
	var out strings.Builder
	write(&out, r, parsed)
	return out.String()
}

func write(out *strings.Builder, r *rand.Rand, re *syntax.Regexp) {
	least, most := 1, 1
	switch re.Op {
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			if re.Flags&syntax.FoldCase != 0 && r.IntN(2) == 0 {
				c = unicode.SimpleFold(c)
			}
			out.WriteRune(c)
		}
	case syntax.OpCharClass:
		i := r.IntN(len(re.Rune)/2) * 2
		out.WriteRune(re.Rune[i] + r.Int32N(min(re.Rune[i+1]-re.Rune[i], 90)+1))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		out.WriteByte('.')
	case syntax.OpAlternate:
		write(out, r, re.Sub[r.IntN(len(re.Sub))])
		return
	case syntax.OpStar:
		least, most = 0, 3
	case syntax.OpPlus:
		most = 4
	case syntax.OpQuest:
		least = 0
	case syntax.OpRepeat:
		least, most = re.Min, re.Max
		if most < 0 {
			most = least + 3
		}
	}
	for range least + r.IntN(most-least+1) {
		for _, sub := range re.Sub {
			write(out, r, sub)
		}
	}
}
