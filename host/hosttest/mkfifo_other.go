//go:build !unix

package hosttest

import "errors"

func mkfifo(string) error { return errors.ErrUnsupported }
