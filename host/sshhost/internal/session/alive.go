package session

import (
	"errors"
	"fmt"
	"time"
)

// maxMisses is how many times in a row the machine may leave a sign of life
// that is due.
const maxMisses = 3

// ErrSilent says that the machine has said nothing for too long. Without it a
// call would wait for the end of its context, and so would each that follows.
var ErrSilent = errors.New("the machine does not answer any more")

// keepAlive asks the server for a sign of life after each interval, and ends the
// connection when it misses too many. It ends with the connection.
func (c *Conn) keepAlive(interval time.Duration) {
	for c.pause(interval) {
		answered := make(chan error, 1)
		go func() {
			_, _, err := c.ssh.SendRequest("keepalive@openssh.com", true, nil)
			answered <- err
		}()
		for misses := 0; ; {
			select {
			case err := <-answered:
				if err != nil {
					return
				}
			case <-c.ended:
				return
			case <-time.After(interval):
				if misses++; misses < maxMisses {
					continue
				}
				c.end(fmt.Errorf("%w: no sign of life for %v", ErrSilent, maxMisses*interval))
				return
			}
			break
		}
	}
}

// pause waits, and reports whether the connection still stands.
func (c *Conn) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-c.ended:
		return false
	}
}

// end closes the connection, so that all calls fail at once with why.
func (c *Conn) end(why error) error {
	c.endOnce.Do(func() {
		c.why = why
		close(c.ended)
	})
	return c.ssh.Close()
}

// dropped is the error of a call that the end of the connection has ended.
func (c *Conn) dropped() error {
	if c.isEnded() {
		return fmt.Errorf("%w: %w", ErrDropped, c.why)
	}
	return ErrDropped
}

func (c *Conn) isEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}
