package sshhost

import (
	"strings"

	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/answer"
)

// maxArgs bounds the bytes of all words of one script: Linux allows 128 KiB for
// one word, and no system less than 256 KiB for all.
const maxArgs = 96 << 10

// functions are what every framed script may use.
//
//	blob COMMAND...       one record: the output of the command, then what it wrote
//	                      to standard error and "=STATUS"
//	enc                   standard input as lines of text
//	take FROM COUNT FILE  bytes of a file
//	entry NAME            the Stat of a name, not followed
//	entries DIR           the Stats of all in a directory
//	target NAME           the Stat of a name, followed
func (t traits) functions() string {
	var b strings.Builder
	if t.base64 {
		b.WriteString("enc() { base64; }\n")
	} else {
		b.WriteString("enc() { od -An -v -tx1; }\n")
	}
	b.WriteString(`blob() {
e=$({ { "$@"; echo "=$?" >&2; } | enc >&3; } 2>&1)
if [ "$e" = "=0" ]; then echo @ok; return; fi
echo @err
printf %s "$e" | enc
echo @end
}
`)
	b.WriteString(t.takeFunction())
	b.WriteString(t.statFunctions())
	return b.String()
}

// takeFunction reads a part of a file. The offset is a multiple of blockSize
// because dd counts in blocks.
func (t traits) takeFunction() string {
	if t.headC {
		return `take() {
if [ "$1" = 0 ]; then head -c "$2" "$3"; else tail -c "+$(($1 + 1))" "$3" | head -c "$2"; fi
}
`
	}
	return `take() { dd if="$3" bs=65536 skip="$(($1 / 65536))" count="$((($2 + 65535) / 65536))"; }
`
}

// findFormat is read by answer.Find.
const findFormat = `%m %y %U %G %s %b %D %i %n %T@ %C@ %B@`

// statFunctions are entry, entries and target for the tools of the machine.
func (t traits) statFunctions() string {
	if t.dialect == answer.Find {
		const printf = ` -printf '` + findFormat + `\0%f\0%l\0'`
		return `entry() { find "$1" -maxdepth 0` + printf + `; }
target() { find -H "$1" -maxdepth 0` + printf + `; }
entries() { find -H "$1/." -mindepth 1 -maxdepth 1` + printf + `; }
`
	}
	return `one='` + strings.ReplaceAll(t.oneFunction(), "'", `'\''`) + `'
eval "$one"
entry() { s=$(stat_ "$1") || return; put "$s" "$1" "$1"; }
target() { s=$(stat_ -L "$1") || return; put "$s" "$1" "$1"; }
entries() { find -H "$1/." -mindepth 1 -maxdepth 1 -exec /bin/sh -c "$one"'
if s=$(stat_ "$@" 2>/dev/null); then each "$s" "$@"; exit; fi
for f; do
if s=$(stat_ "$f" 2>/dev/null); then put "$s" "$f" "${f##*/}"
elif [ -e "$f" ] || [ -L "$f" ]; then echo "stat fails: Input/output error" >&2; exit 1
fi
done' sh {} +; }
`
}

// oneFunction describes files by stat(1), which costs a process: each describes
// many by one, whose lines have the order of the names.
func (t traits) oneFunction() string {
	command := `stat -f '%Op %Du %Dg %Dz %Db %Ud %Ui %Ul %Ur %Fm %Fc'`
	if t.dialect == answer.Stat {
		command = `stat -c '%f %u %g %s %b %d %i %h %t,%T %Y'`
	}
	return `nl='
'
stat_() { ` + command + ` "$@"; }
put() {
l=; if [ -L "$2" ]; then l=$(readlink -n "$2"; echo x); l=${l%x}; fi
printf '%s\000%s\000%s\000' "$1" "$3" "$l"
}
each() {
s=$1; shift
for f; do put "${s%%"$nl"*}" "$f" "${f##*/}"; s=${s#*"$nl"}; done
}
`
}
