// Package cli is the frame in which every example binary stands: flags, usage,
// exit status, signals, progress, terminal, state directory and the system that
// is looked at.
//
//	func main() { cli.Main(run) }
//
//	func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
//		p := &cli.Program{Name: "updates", Verbs: []cli.Verb{{Name: "pending", Run: pending}}}
//		return p.Run(ctx, args, stdout, stderr)
//	}
//
// # Design
//
// Flags may stand before or behind the other arguments. What goes wrong is one
// line on standard error that says what to do about it, and never on standard
// output. A program that needs to be told what to do prints its usage, with an
// example that works; every example of a usage is run by a test, see
// TestExamples in package clitest. Only this package and main read the environment.
package cli
