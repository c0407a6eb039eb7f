package acl_test

import (
	"fmt"
	"testing"

	"github.com/pugetsoundtech/upkeep/integrity/internal/acl"
)

func ExampleText() {
	text, ok := acl.Text("\x02\x00\x00\x00" + "\x01\x00\x06\x00\xff\xff\xff\xff" + "\x02\x00\x04\x00\xe8\x03\x00\x00")
	fmt.Println(text, ok)
	_, ok = acl.Text("\x03\x00\x00\x00")
	fmt.Println(ok)
	// Output:
	// user::rw-,user:1000:r-- true
	// false
}

func FuzzText(f *testing.F) {
	f.Add("\x02\x00\x00\x00\x01\x00\x06\x00\xff\xff\xff\xff")
	f.Fuzz(func(t *testing.T, v string) {
		if text, ok := acl.Text(v); len(text) > 64*32 || !ok && text != "" {
			t.Error(text)
		}
	})
}
