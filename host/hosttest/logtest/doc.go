// Package logtest has a fake log that is written and rotated as real ones
// are, and a conformance function for whatever reads a log by a position that it
// keeps: a check of logs, of mail, of web traffic.
//
//	err := logtest.TestReader(ctx, func(ctx context.Context, h host.Host, kept []byte) (texts []string, keep []byte, err error) {
//		// read logtest.Path on h from the position kept, to its end
//	})
//
// It does not import testing.
package logtest
