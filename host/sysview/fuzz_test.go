package sysview

import (
	"encoding/binary"
	"strings"
	"testing"
)

func FuzzMounts(f *testing.F) {
	f.Add([]byte(`30 27 0:27 / /mnt/a\040b ro - tmpfs x rw` + "\n"))
	f.Add([]byte("/dev/sd0a on / type ffs (local, nodev)\n"))
	f.Add([]byte("UUID=1 /mnt/my\\040disk ext4 ro 0 0\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		info, infoErr := ParseMountInfo(data)
		mount, mountErr := ParseMount(data)
		if old, err := ParseProcMounts(data); err == nil {
			mount = append(mount, old...)
		}
		if infoErr == nil && len(info) == 0 || mountErr == nil && len(mount) == 0 {
			t.Fatal("nothing, and no error")
		}
		for _, m := range append(append(info, mount...), ParseFstab(data)...) {
			if !strings.HasPrefix(m.Point, "/") || strings.Contains(m.Point, "\x00") && !strings.Contains(string(data), "\x00") {
				t.Fatalf("mount point %q", m.Point)
			}
		}
	})
}

func FuzzSockets(f *testing.F) {
	f.Add([]byte(tcp4))
	f.Add([]byte(tcp6))
	f.Add([]byte("USER COMMAND PID FD PROTO LOCAL FOREIGN\nroot sshd 812 3 tcp6 *:22 *:*\n"))
	f.Add([]byte("USER CMD\nroot sshd 75629 3* internet stream tcp 0x0 *:22\n"))
	f.Add([]byte("Proto a\ntcp 0 0 *.22 *.* LISTEN\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var all []Socket
		for _, parse := range []func([]byte) ([]Socket, error){
			ParseSockstat, ParseNetstat, ParseFstat,
			func(b []byte) ([]Socket, error) { return ParseProcNet("udp", b, binary.LittleEndian) },
		} {
			found, err := parse(data)
			if err == nil {
				all = append(all, found...)
			}
		}
		for _, s := range all {
			if !s.Local.IsValid() || s.Network != "tcp" && s.Network != "udp" {
				t.Fatalf("%+v", s)
			}
		}
	})
}

func FuzzProc(f *testing.F) {
	f.Add([]byte("812 (a) b) S 1 812 812 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 4711 9 9\n"))
	f.Add([]byte("MemTotal: 1000 kB\nMemFree: 100 kB\nSwapTotal: 50 kB\nSwapFree: 40 kB\n"))
	f.Add([]byte("cpu0 1\nbtime 1764000000\n"))
	f.Add([]byte("{ 0.1 0.2 0.3 }"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, _, err := ParseStat(data); err == nil && !p.Known() {
			t.Fatalf("%+v", p)
		}
		if k, err := ParseKernelStat(data); err == nil && k.CPUs < 1 {
			t.Fatalf("%+v", k)
		}
		if l, err := ParseLoadavg(data); err == nil && l.One < 0 {
			t.Fatalf("%+v", l)
		}
		_, _ = ParseMeminfo(data)
	})
}

func FuzzCgroup(f *testing.F) {
	for _, c := range cgroups {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		unit := ParseCgroup(data)
		if unit != "" && (!strings.HasSuffix(unit, ".service") || strings.ContainsAny(unit, "/ \n\x00") || !strings.Contains(string(data), unit)) {
			t.Fatalf("unit %q", unit)
		}
	})
}

func BenchmarkParseProcNet(b *testing.B) {
	line := "   0: 0100007F:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 1146 1 00000000ac9445e8 100 0 0 10 0\n"
	table := []byte("head\n" + strings.Repeat(line, 10_000))
	b.SetBytes(int64(len(table)))
	for b.Loop() {
		if _, err := ParseProcNet("tcp", table, binary.LittleEndian); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzMaps(f *testing.F) {
	f.Add([]byte("7f0000010000-7f0000020000 r-xp 00010000 fe:01 200    /usr/lib/a b (deleted)\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, _ := ParseMaps(data)
		for _, m := range found {
			if !strings.HasPrefix(m.Path, "/") || m.File.Ino == 0 {
				t.Fatalf("%+v", m)
			}
		}
	})
}
