// Package guard calls functions that others wrote and lives through all that they
// may do.
package guard

import (
	"fmt"
	"runtime/debug"
)

// An Ending is how a function ended.
type Ending struct {
	Err      error
	Panicked any
	Stack    []byte
	Goexit   bool // it ended its goroutine instead of returning
}

// Of gives the ending of what is called name as an error.
func (e Ending) Of(name string) error {
	switch {
	case e.Panicked != nil:
		return fmt.Errorf("%s panicked: %v\n%s", name, e.Panicked, e.Stack)
	case e.Goexit:
		return fmt.Errorf("%s ended its goroutine instead of returning", name)
	}
	return e.Err
}

// Watch runs fn on a goroutine of its own, which fn may end by a panic or by
// runtime.Goexit.
func Watch(fn func() error) Ending {
	c := make(chan Ending, 1)
	go func() {
		e := Ending{Goexit: true}
		defer func() {
			if v := recover(); v != nil {
				e = Ending{Panicked: v, Stack: debug.Stack()}
			}
			c <- e
		}()
		e.Err = fn()
		e.Goexit = false
	}()
	return <-c
}
