#!/usr/bin/env bash
# What CI runs, and what to run before a commit. Needs Go and the module cache;
# the two linters are fetched by version with `go run`.
set -euo pipefail
cd "$(dirname "$0")"

gofumpt=mvdan.cc/gofumpt@v0.12.0
staticcheck=honnef.co/go/tools/cmd/staticcheck@v0.8.2
fuzzing=${FUZZING:-200x}

step() { printf '\n== %s\n' "$*"; }

step gofumpt
unformatted=$(git ls-files -z '*.go' | xargs -0 go run "$gofumpt" -l)
if [ -n "$unformatted" ]; then
	printf 'gofumpt would change:\n%s\n' "$unformatted"
	exit 1
fi

step go mod tidy
go mod tidy -diff

for os in linux freebsd openbsd netbsd darwin; do
	step "go vet ($os)"
	GOOS=$os CGO_ENABLED=0 go vet ./...
done

step staticcheck
go run "$staticcheck" ./...

step declared skips
go test -count=1 -v -run DeclaredSkips ./internal/need

step go test -race
# The rules of the house start the go command for each package, and share nothing.
# What drives real servers, package managers or our own binaries would be slow, and
# the detector sees nothing of those; their parts have tests of their own. For the
# same reason the long tests are left to the strict run.
slow='host/sshhost|netprobe/protocol|netprobe/exchange/pgstore|report/review/(pgstore|web)'
slow+='|examples/(agent|watch)|pkgupdate/apply|backup/foreign|traffic/maillog'
go list ./... | grep -vE "^$(go list -m)(/($slow))?\$" | UPKEEP_STRICT='' xargs go test -race -shuffle=on -timeout 20m
UPKEEP_STRICT='' go test -shuffle=on .

# Each package is built once for all its fuzzers, and only where there are any.
fuzz() {
	local bin="$dir/${1//\//-}.test" name names
	go test -c -vet=off -fuzz . -o "$bin" "./$1"
	names=$("$bin" -test.list '^Fuzz')
	for name in $names; do
		printf '%s %s\n' "$1" "$name"
		(cd "$1" && "$bin" -test.run '^$' -test.fuzz "^$name\$" -test.fuzztime "$fuzzing" -test.fuzzminimizetime 10x -test.fuzzcachedir "$dir/corpus/$1")
	done
	rm "$bin"
}

step "fuzz, $fuzzing each"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fuzzed=$(git grep -l '^func Fuzz' -- '*_test.go' | xargs -n 1 dirname | sort -u)
for pkg in $fuzzed; do
	fuzz "$pkg"
done

step examples
go build -trimpath -o "$dir/bin/" ./examples/...
for binary in "$dir"/bin/*; do
	"$binary" -h >/dev/null
done
# Exit status 1 and 3 mean that there is something to look at, or that not
# everything could be looked at; both are answers.
status=0
"$dir/bin/agent" -state "$dir/state" >"$dir/first.txt" || status=$?
[ "$status" -le 3 ] || { cat "$dir/first.txt"; echo "agent: exit status $status"; exit 1; }
head -n 3 "$dir/first.txt"
status=0
"$dir/bin/agent" -state "$dir/state" >"$dir/second.txt" || status=$?
[ "$status" -le 3 ] || { cat "$dir/second.txt"; echo "agent: exit status $status"; exit 1; }
head -n 1 "$dir/second.txt"
