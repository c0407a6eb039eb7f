package logwatch

import (
	"fmt"
	"sync"

	"github.com/pugetsoundtech/upkeep/logwatch/internal/ere"
)

// posix is a pattern of POSIX.
type posix struct {
	expr     *ere.Expr
	matchers sync.Pool // a matcher is of one goroutine
}

// compileERE makes a pattern of an expression, which must match a whole message.
func compileERE(text string) (*pattern, error) {
	_, err := ere.Parse([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("ere %q: %w", text, err)
	}
	expr, err := ere.Parse([]byte("^(" + text + ")$"))
	if err != nil { // a reference in it means another group now
		return nil, fmt.Errorf("ere %q: references are not for rules: %w", text, err)
	}
	set := ere.NewSet([]*ere.Expr{expr})
	e := &posix{expr: expr}
	e.matchers.New = func() any { return set.Matcher() }
	return &pattern{text: text, ere: e}, nil
}

func (e *posix) match(msg []byte) bool {
	m := e.matchers.Get().(*ere.Matcher)
	defer e.matchers.Put(m)
	return m.Match(msg)
}
