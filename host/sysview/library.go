package sysview

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// The bounds of what is read of a program: its owner may be anybody.
const (
	maxSegments = 128
	maxDynamic  = 64 << 10
	maxNames    = 1 << 20
	maxNeeded   = 256
	maxName     = 255
)

// Needed reads which shared libraries an ELF file names, as "libssl.so.3": those
// that it needs itself. A file that is linked statically names none; one of
// another form is an error. Package debug/elf would read more than it is asked for, which a
// file that somebody made for it may use.
func Needed(r io.ReaderAt) ([]string, error) {
	segments, order, wide, err := elfSegments(r)
	if err != nil {
		return nil, fmt.Errorf("elf: %w", err)
	}
	for _, s := range segments {
		if elf.ProgType(s.Type) != elf.PT_DYNAMIC {
			continue
		}
		names, err := elfNeeded(r, s, segments, order, wide)
		if err != nil {
			return nil, fmt.Errorf("elf: %w", err)
		}
		return names, nil
	}
	return nil, nil
}

var errNoELF = errors.New("not of this form")

// elfSegments reads the table of segments, in the form of 64 bits.
func elfSegments(r io.ReaderAt) (segments []elf.Prog64, order binary.ByteOrder, wide bool, err error) {
	head := make([]byte, 64)
	if _, err := r.ReadAt(head[:52], 0); err != nil || string(head[:4]) != elf.ELFMAG {
		return nil, nil, false, errNoELF
	}
	order, wide = binary.LittleEndian, elf.Class(head[elf.EI_CLASS]) == elf.ELFCLASS64
	if elf.Data(head[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	var at uint64
	var size, count uint16
	if wide {
		if _, err := r.ReadAt(head, 0); err != nil {
			return nil, nil, false, errNoELF
		}
		at, size, count = order.Uint64(head[32:]), order.Uint16(head[54:]), order.Uint16(head[56:])
	} else {
		at, size, count = uint64(order.Uint32(head[28:])), order.Uint16(head[42:]), order.Uint16(head[44:])
	}
	if count > maxSegments {
		return nil, nil, false, errNoELF
	}
	for i := range count {
		s, err := elfSegment(r, at+uint64(i)*uint64(size), order, wide)
		if err != nil {
			return nil, nil, false, err
		}
		segments = append(segments, s)
	}
	return segments, order, wide, nil
}

func elfSegment(r io.ReaderAt, at uint64, order binary.ByteOrder, wide bool) (s elf.Prog64, err error) {
	if wide {
		return s, readELF(r, at, order, &s)
	}
	var n elf.Prog32
	err = readELF(r, at, order, &n)
	return elf.Prog64{Type: n.Type, Off: uint64(n.Off), Vaddr: uint64(n.Vaddr), Filesz: uint64(n.Filesz)}, err
}

func readELF(r io.ReaderAt, at uint64, order binary.ByteOrder, into any) error {
	if at > 1<<62 {
		return errNoELF
	}
	return binary.Read(io.NewSectionReader(r, int64(at), int64(binary.Size(into))), order, into)
}

// elfNeeded reads the names that the dynamic segment points to.
func elfNeeded(r io.ReaderAt, dynamic elf.Prog64, segments []elf.Prog64, order binary.ByteOrder, wide bool) (names []string, err error) {
	if dynamic.Filesz > maxDynamic || dynamic.Off > 1<<62 {
		return nil, errNoELF
	}
	data := make([]byte, dynamic.Filesz)
	if _, err := r.ReadAt(data, int64(dynamic.Off)); err != nil {
		return nil, err
	}
	var needed []uint64
	var table, size uint64
	for tag, value := range dynamicOf(data, order, wide) {
		switch tag {
		case elf.DT_NEEDED:
			needed = append(needed, value)
		case elf.DT_STRTAB:
			table = value
		case elf.DT_STRSZ:
			size = min(value, maxNames)
		}
	}
	text, err := elfNames(r, segments, table, size)
	if err != nil && len(needed) > 0 {
		return nil, err
	}
	for _, at := range needed[:min(len(needed), maxNeeded)] {
		if at >= uint64(len(text)) {
			return nil, errNoELF
		}
		name, _, ended := bytes.Cut(text[at:], []byte{0})
		if ended && len(name) > 0 && len(name) <= maxName {
			names = append(names, string(name))
		}
	}
	return names, nil
}

func dynamicOf(data []byte, order binary.ByteOrder, wide bool) func(yield func(elf.DynTag, uint64) bool) {
	word := func(b []byte) uint64 { return uint64(order.Uint32(b)) }
	size := 4
	if wide {
		word, size = order.Uint64, 8
	}
	return func(yield func(elf.DynTag, uint64) bool) {
		for ; len(data) >= 2*size; data = data[2*size:] {
			if tag := elf.DynTag(word(data)); tag == elf.DT_NULL || !yield(tag, word(data[size:])) {
				return
			}
		}
	}
}

// elfNames reads the table of names, which is told by where it is in memory.
func elfNames(r io.ReaderAt, segments []elf.Prog64, table, size uint64) ([]byte, error) {
	for _, s := range segments {
		if elf.ProgType(s.Type) != elf.PT_LOAD || table < s.Vaddr || table-s.Vaddr >= s.Filesz || s.Off > 1<<61 {
			continue
		}
		text := make([]byte, min(size, s.Filesz-(table-s.Vaddr)))
		n, err := r.ReadAt(text, int64(s.Off+min(table-s.Vaddr, 1<<61)))
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return text[:n], err
	}
	return nil, errNoELF
}

// libraryFolders are where libraries of the system lie, in the order in which the
// linkers of most systems look; a "*" stands for folders of one machine type.
var libraryFolders = []string{"/usr/local/lib", "/lib64", "/usr/lib64", "/lib/*", "/usr/lib/*", "/lib", "/usr/lib", "/usr/pkg/lib"}

// triplets are Debian's names of machine types.
var triplets = []string{"x86_64-linux-gnu", "aarch64-linux-gnu", "i386-linux-gnu", "arm-linux-gnueabihf", "arm-linux-gnueabi", "powerpc64le-linux-gnu", "riscv64-linux-gnu", "s390x-linux-gnu"}

// A Library is a shared library where the system has it.
type Library struct {
	Path string // with all links followed
	Stat host.Stat
}

// Libraries returns the shared libraries that a program names itself, as far as they
// lie in the folders of the system. A program that is a script names none. The
// loader may have taken another one: by a setting, or a path in the program.
func Libraries(ctx context.Context, h host.Host, program string) ([]Library, error) {
	f, err := h.Open(ctx, program)
	if err != nil {
		return nil, fmt.Errorf("libraries: %w", err)
	}
	names, err := Needed(f)
	f.Close()
	if errors.Is(err, errNoELF) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("libraries of %s: %w", program, err)
	}
	var out []Library
	for _, name := range names {
		place, err := libraryPlace(ctx, h, name)
		if err != nil {
			return nil, fmt.Errorf("libraries of %s: %w", program, err)
		}
		if place == "" {
			continue
		}
		real, st, err := Resolve(ctx, h, place)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a link that leads nowhere
		}
		if err != nil {
			return nil, fmt.Errorf("libraries of %s: %w", program, err)
		}
		out = append(out, Library{real, st})
	}
	return out, nil
}

// libraryPlace gives the first folder's file of that name; "" where none has it.
func libraryPlace(ctx context.Context, h host.Host, name string) (string, error) {
	if strings.Contains(name, "/") {
		return path.Clean("/" + name), nil
	}
	var asks []host.Ask
	for _, folder := range libraryFolders {
		dir, many := strings.CutSuffix(folder, "*")
		if !many {
			asks = append(asks, host.Ask{Op: host.OpLstat, Name: path.Join(dir, name)})
			continue
		}
		for _, t := range triplets {
			asks = append(asks, host.Ask{Op: host.OpLstat, Name: path.Join(dir, t, name)})
		}
	}
	answers, err := h.BatchAll(ctx, asks)
	if err != nil {
		return "", err
	}
	for i, a := range answers {
		if a.Err == nil {
			return asks[i].Name, nil
		}
	}
	return "", nil
}
