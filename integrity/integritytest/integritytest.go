// Package integritytest helps to test what is built on package integrity:
// streams of entries as data, real trees of files from a text and such as are hard
// to scan, package claims as a map, and conformance functions for an Attestor, an
// OldText and a Journal.
//
//	claims := integritytest.Claims{"/bin/ls": {Package: "deb:coreutils"}}
//	check := files.System{Host: h, Dir: dir, Attestor: claims}
//
// It does not import package testing, so a program can run TestAttestor on a
// live machine.
package integritytest

import (
	"context"
	"errors"
	"fmt"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// Entries makes a stream of entries, which have to be in tree order.
func Entries(entries ...host.Entry) integrity.Entries {
	return func(yield func(host.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Claims is an Attestor that knows these paths, and nothing of others.
type Claims map[string]host.Claim

// Attest gives the claims on paths.
func (c Claims) Attest(ctx context.Context, paths []string) (map[string]host.Claim, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := map[string]host.Claim{}
	for _, p := range paths {
		if claim, ok := c[p]; ok {
			out[p] = claim
		}
	}
	return out, nil
}

// TestAttestor checks what integrity expects of an Attestor, and gives all
// violations as one error. owned are paths that some package owns on this
// host, unowned are paths that none does; either may be empty.
//
//  1. A claim is only on a path that was asked for.
//  2. The claim on an owned path names a package, as scheme:name.
//  3. A path that no package owns has a claim without a package, or none.
//  4. No paths give no claims, and no error.
//  5. A context that has ended gives an error and not an empty answer.
func TestAttestor(ctx context.Context, a integrity.Attestor, owned, unowned []string) error {
	asked := append(append([]string{}, owned...), unowned...)
	claims, err := a.Attest(ctx, asked)
	if err != nil {
		return fmt.Errorf("attest %d paths: %w", len(asked), err)
	}
	errs := []error{onlyAsked(claims, asked)}
	for _, p := range owned {
		if !validPackage(claims[p].Package) {
			errs = append(errs, fmt.Errorf("%s: the package is %q, not scheme:name", p, claims[p].Package))
		}
	}
	for _, p := range unowned {
		if got := claims[p].Package; got != "" {
			errs = append(errs, fmt.Errorf("%s: %s is said to own it", p, got))
		}
	}
	return errors.Join(append(errs, nothingAsked(ctx, a), endedContext(ctx, a, asked))...)
}

func onlyAsked(claims map[string]host.Claim, asked []string) error {
	known := map[string]bool{}
	for _, p := range asked {
		known[p] = true
	}
	for p := range claims {
		if !known[p] {
			return fmt.Errorf("a claim on %s, which was not asked for", p)
		}
	}
	return nil
}

// validPackage takes scheme:name without blanks.
func validPackage(s string) bool {
	colon := false
	for i, c := range []byte(s) {
		if c <= ' ' || c == 0x7f {
			return false
		}
		colon = colon || c == ':' && i > 0 && i < len(s)-1
	}
	return colon
}

func nothingAsked(ctx context.Context, a integrity.Attestor) error {
	claims, err := a.Attest(ctx, nil)
	if err != nil || len(claims) > 0 {
		return fmt.Errorf("no paths give %d claims and error %v", len(claims), err)
	}
	return nil
}

func endedContext(ctx context.Context, a integrity.Attestor, asked []string) error {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := a.Attest(ended, asked); err == nil && len(asked) > 0 {
		return errors.New("a context that has ended gives no error")
	}
	return nil
}
