package host_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pugetsoundtech/upkeep/host"
)

func ExampleLocal() {
	out, err := host.Local().Query(context.Background(), "printf", "%s\n", "$HOME is not expanded")
	fmt.Print(string(out))
	fmt.Println(err)
	// Output:
	// $HOME is not expanded
	// <nil>
}

func ExampleRoot() {
	dir, _ := os.MkdirTemp("", "image")
	defer os.RemoveAll(dir)
	os.Mkdir(filepath.Join(dir, "etc"), 0o755)
	os.WriteFile(filepath.Join(dir, "etc/hostname"), []byte("mail\n"), 0o644)
	os.Symlink("/etc/hostname", filepath.Join(dir, "name"))

	image := host.Root(dir)
	data, err := image.ReadFile(context.Background(), "/name", 0)
	fmt.Printf("%s%v\n", data, err)
	_, err = image.Query(context.Background(), "uname")
	fmt.Println(errors.Is(err, errors.ErrUnsupported))
	// Output:
	// mail
	// <nil>
	// true
}

func ExampleHost_BatchAll() {
	dir, _ := os.MkdirTemp("", "image")
	defer os.RemoveAll(dir)
	os.WriteFile(filepath.Join(dir, "hostname"), []byte("mail\n"), 0o644)

	answers, err := host.Root(dir).BatchAll(context.Background(), []host.Ask{
		{Op: host.OpRead, Name: "/hostname"},
		{Op: host.OpLstat, Name: "/nologin"},
		{Op: host.OpList, Name: "/"},
	})
	fmt.Println(err)
	fmt.Printf("%s", answers[0].Data)
	fmt.Println(errors.Is(answers[1].Err, fs.ErrNotExist))
	fmt.Println(len(answers[2].List), "entry")
	// Output:
	// <nil>
	// mail
	// true
	// 1 entry
}
