package need_test

import (
	"net"
	"testing"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

func TestAPortIsGivenToWhoNamesItAlone(t *testing.T) {
	kept := map[string]bool{}
	for range 16 {
		kept[need.Addr(t)] = true
	}
	if len(kept) != 16 {
		t.Errorf("%d of 16 ports differ", len(kept))
	}
	for range 10_000 { // about as many as the kernel chooses from
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if kept[l.Addr().String()] {
			t.Fatalf("%s was given to another", l.Addr())
		}
		l.Close()
	}
	for addr := range kept {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			t.Errorf("somebody listens on %s", addr)
		}
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
}
