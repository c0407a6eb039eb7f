package sysview

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// program32 is a program for a machine of 32 bits that has the other end first,
// as far as it is read: it needs these libraries.
func program32(names ...string) []byte {
	text := []byte{0}
	var dynamic []uint32
	for _, name := range names {
		dynamic = append(dynamic, uint32(elf.DT_NEEDED), uint32(len(text)))
		text = append(append(text, name...), 0)
	}
	const at, memory = 52 + 2*32, 0x10000
	size := 4 * (len(dynamic) + 6)
	dynamic = append(dynamic, uint32(elf.DT_STRTAB), uint32(memory+at+size), uint32(elf.DT_STRSZ), uint32(len(text)), 0, 0)
	head := elf.Header32{Phoff: 52, Phentsize: 32, Phnum: 2}
	copy(head.Ident[:], elf.ELFMAG+string([]byte{byte(elf.ELFCLASS32), byte(elf.ELFDATA2MSB)}))
	whole := uint32(at + size + len(text))
	var b bytes.Buffer
	for _, part := range []any{
		head,
		elf.Prog32{Type: uint32(elf.PT_LOAD), Vaddr: memory, Filesz: whole, Memsz: whole},
		elf.Prog32{Type: uint32(elf.PT_DYNAMIC), Off: at, Vaddr: memory + at, Filesz: uint32(size)},
		dynamic, text,
	} {
		_ = binary.Write(&b, binary.BigEndian, part) // of fixed sizes into memory
	}
	return b.Bytes()
}

func TestAProgramNamesItsLibraries(t *testing.T) {
	names, err := Needed(bytes.NewReader(program32("libssl.so.3", "libc.so.6")))
	require.NoError(t, err)
	assert.Equal(t, []string{"libssl.so.3", "libc.so.6"}, names)
	for _, text := range []string{"", "#!/bin/sh\n", "\x7fELF", string(program32("x")[:60])} {
		names, err := Needed(bytes.NewReader([]byte(text)))
		assert.Error(t, err, "%q", text)
		assert.Empty(t, names)
	}
}

func TestAProgramOfThisMachineIsReadAsPackageElfDoes(t *testing.T) {
	f, err := os.Open(need.Program(t, "ls"))
	require.NoError(t, err)
	defer f.Close()
	whole, err := elf.NewFile(f)
	need.That(t, "programs of the form ELF", err == nil)
	want, err := whole.ImportedLibraries()
	require.NoError(t, err)
	need.That(t, "an ls that is linked with libraries", len(want) > 0)
	names, err := Needed(f)
	require.NoError(t, err)
	assert.Equal(t, want, names)

	libraries, err := Libraries(t.Context(), host.Local(), f.Name())
	require.NoError(t, err)
	assert.Len(t, libraries, len(want))
	for _, l := range libraries {
		real, err := filepath.EvalSymlinks(l.Path)
		require.NoError(t, err)
		assert.Equal(t, real, l.Path)
		assert.True(t, l.Stat.IsRegular())
	}
}

func TestLinksAreFollowedToTheNameThatPackagesKnow(t *testing.T) {
	h := hosttest.New(`links
-- /sbin link=usr/sbin --
-- /usr/sbin/ dir complete --
-- /usr/sbin/mailq link=../../etc/./alternatives/mailq --
-- /etc/alternatives/mailq link=/sbin/sendmail --
-- /usr/sbin/sendmail --
-- /usr/sbin/round link=/sbin/round --
`).Host()
	name, st, err := Resolve(t.Context(), h, "/sbin/mailq")
	require.NoError(t, err)
	assert.Equal(t, "/usr/sbin/sendmail", name)
	assert.True(t, st.IsRegular())
	for _, name := range []string{"/sbin/round", "/sbin/none", "sbin"} {
		_, _, err := Resolve(t.Context(), h, name)
		assert.Error(t, err, name)
	}
}

func FuzzNeeded(f *testing.F) {
	f.Add(program32("libssl.so.3", "libc.so.6"))
	f.Add([]byte(elf.ELFMAG + "\x02\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		names, err := Needed(bytes.NewReader(data))
		if len(names) > maxNeeded || err != nil && names != nil {
			t.Fatal(len(names), err)
		}
	})
}
