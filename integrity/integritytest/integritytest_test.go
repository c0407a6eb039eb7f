package integritytest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
)

var claims = integritytest.Claims{
	"/bin/ls":    {Package: "deb:coreutils", Version: "deb:9.1-1"},
	"/etc/local": {},
}

func ExampleClaims() {
	got, err := claims.Attest(context.Background(), []string{"/bin/ls", "/etc/local", "/other"})
	fmt.Println(len(got), got["/bin/ls"].Package, err)
	// Output: 2 deb:coreutils <nil>
}

func ExampleTestAttestor() {
	err := integritytest.TestAttestor(context.Background(), claims, []string{"/bin/ls"}, []string{"/etc/local", "/other"})
	fmt.Println(err)
	// Output: <nil>
}

type attest func(ctx context.Context, paths []string) (map[string]host.Claim, error)

func (f attest) Attest(ctx context.Context, paths []string) (map[string]host.Claim, error) {
	return f(ctx, paths)
}

func TestEachBrokenSentenceIsFound(t *testing.T) {
	answer := func(c map[string]host.Claim) attest {
		return func(ctx context.Context, paths []string) (map[string]host.Claim, error) {
			if ctx.Err() != nil || len(paths) == 0 {
				return nil, ctx.Err()
			}
			return c, nil
		}
	}
	good := map[string]host.Claim{"/o": {Package: "deb:o"}}
	for want, a := range map[string]attest{
		"not asked for":     answer(map[string]host.Claim{"/o": {Package: "deb:o"}, "/x": {}}),
		"not scheme:name":   answer(map[string]host.Claim{"/o": {Package: "o"}}),
		"is said to own it": answer(map[string]host.Claim{"/o": {Package: "deb:o"}, "/u": {Package: "deb:u"}}),
		"no paths give":     func(ctx context.Context, _ []string) (map[string]host.Claim, error) { return good, ctx.Err() },
		"that has ended": func(_ context.Context, p []string) (map[string]host.Claim, error) {
			return answer(good)(context.Background(), p)
		},
		"database is missing": func(context.Context, []string) (map[string]host.Claim, error) {
			return nil, errors.New("database is missing")
		},
	} {
		err := integritytest.TestAttestor(t.Context(), a, []string{"/o"}, []string{"/u"})
		assert.ErrorContains(t, err, want)
	}
	assert.NoError(t, integritytest.TestAttestor(t.Context(), answer(good), []string{"/o"}, []string{"/u"}))
}

func TestAStreamCanBeLeftEarly(t *testing.T) {
	n := 0
	for range integritytest.Entries(make([]host.Entry, 3)...) {
		n++
		break
	}
	assert.Equal(t, 1, n)
}
