package upkeep_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/pugetsoundtech/upkeep"

// place says on which floor a folder stands and which third-party modules it
// may import outside its tests.
type place struct {
	floor  int
	domain string // packages of one domain may import each other
	third  []string
}

const (
	xsys     = "golang.org/x/sys"
	multierr = "github.com/hashicorp/go-multierror"
)

// law is the import law. A package is ruled by the longest path that is it or
// stands above it; a new package under a known one is its part.
var law = map[string]place{
	"":                    {floor: 0},
	"internal/atomicfile": {floor: 0},
	"internal/lock":       {floor: 0, third: []string{xsys}},
	"internal/redact":     {floor: 0},
	"internal/term":       {floor: 0, third: []string{xsys}},
	"internal/need":       {floor: 0},
	"report":              {floor: 1, domain: "report"},
	"host":                {floor: 1, domain: "host", third: []string{xsys}},
	"host/hosttest":       {floor: 1, domain: "host", third: []string{xsys}},
	"host/sshhost":        {floor: 1, domain: "host", third: []string{"golang.org/x/crypto"}},
	"internal/tree":       {floor: 2, domain: "tree", third: []string{xsys}},
	"internal/follow":     {floor: 2, domain: "follow"},
	"internal/syslog":     {floor: 2, domain: "syslog"},
	"internal/etc":        {floor: 2, domain: "etc"},
	"internal/sysview":    {floor: 2, domain: "sysview", third: []string{xsys}},
	"internal/chart":      {floor: 2, domain: "chart"},
	"internal/live":       {floor: 2, domain: "live", third: []string{xsys, "github.com/shirou/gopsutil/v3"}},
	"report/render":       {floor: 3, domain: "reporting"},
	"report/deliver":      {floor: 3, domain: "reporting", third: []string{multierr}},
	"report/explain":      {floor: 3, domain: "reporting"},
	"report/reporttest":   {floor: 2, domain: "reporttest"},
	"host/resource":       {floor: 3, domain: "resource"},
	"integrity":           {floor: 3, domain: "integrity", third: []string{xsys}},
	"logwatch":            {floor: 3, domain: "logwatch"},
	"netprobe":            {floor: 3, domain: "netprobe"},
	"traffic":             {floor: 3, domain: "traffic"},
	"backup":              {floor: 3, domain: "backup", third: []string{xsys, multierr}},
	"pkgupdate":           {floor: 3, domain: "pkgupdate", third: []string{multierr}},
	"examples":            {floor: 4, domain: "examples", third: []string{xsys, "github.com/schollz/progressbar/v3"}},
	"bench":               {floor: 4, domain: "bench", third: []string{xsys}},
}

// inTests may be imported by every test.
var inTests = []string{"github.com/google/go-cmp", "github.com/stretchr/testify", xsys}

type pkg struct {
	ImportPath, Dir, Name              string
	Imports, TestImports, XTestImports []string
	GoFiles, IgnoredGoFiles            []string
}

func (p pkg) short() string { return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/") }

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := goCommand(t, ".", "list", "-json=ImportPath,Dir,Name,Imports,TestImports,XTestImports,GoFiles,IgnoredGoFiles", "./...")
	require.NoError(t, err)
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func goCommand(t *testing.T, dir string, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=mod", "GOWORK=off")
	if dir == "." {
		cmd.Env = append(os.Environ(), "GOPROXY=off")
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return out, err
}

// placeOf finds the rule of a package; a package that no rule names has none.
func placeOf(short string) (place, bool) {
	for path := short; ; {
		if p, ok := law[path]; ok && (path != "" || short == "") {
			return p, true
		}
		i := strings.LastIndex(path, "/")
		if i < 0 {
			return place{}, false
		}
		path = path[:i]
	}
}

// breach says why from may not import to; "" where it may.
func breach(from, to string) string {
	p, ok := placeOf(from)
	if !ok {
		return "no rule of the import law names " + from
	}
	short, ours := strings.CutPrefix(to, module+"/")
	if !ours {
		if first, _, _ := strings.Cut(to, "/"); !strings.Contains(first, ".") || to == module {
			return ""
		}
		if slices.ContainsFunc(p.third, func(m string) bool { return to == m || strings.HasPrefix(to, m+"/") }) {
			return ""
		}
		return from + " imports the third-party package " + to
	}
	q, ok := placeOf(short)
	switch {
	case !ok:
		return "no rule of the import law names " + short
	case q.floor < p.floor, q.floor == p.floor && q.domain == p.domain && (p.domain != "" || p.floor == 0):
		return ""
	}
	return fmt.Sprintf("%s (floor %d) imports %s (floor %d)", from, p.floor, short, q.floor)
}

func TestImportLaw(t *testing.T) {
	for _, p := range packages(t) {
		for _, to := range p.Imports {
			assert.Empty(t, breach(p.short(), to))
		}
		for _, to := range append(p.TestImports, p.XTestImports...) {
			if reason := testBreach(p.short(), to); reason != "" {
				t.Error("in tests: " + reason)
			}
		}
	}
}

// testBreach is breach for tests, which may also import the test modules, the
// kits, and what stands on a floor above as long as it is no domain.
func testBreach(from, to string) string {
	if slices.ContainsFunc(inTests, func(m string) bool { return to == m || strings.HasPrefix(to, m+"/") }) {
		return ""
	}
	if from == "" || to == module+"/"+from || strings.HasPrefix(to, module+"/report") || strings.HasPrefix(to, module+"/host/hosttest") {
		return ""
	}
	return breach(from, to)
}

func TestImportLawCanRefuse(t *testing.T) {
	for _, c := range [][2]string{
		{"integrity", module + "/pkgupdate"},
		{"host", module + "/report"},
		{"report", module + "/host"},
		{"report", module + "/report/render"},
		{"host/resource", module + "/integrity"},
		{"report/render", module + "/logwatch"},
		{"integrity", "github.com/shirou/gopsutil/v3/disk"},
		{"host", "golang.org/x/sysx"},
		{"brandnew", "fmt"},
		{"internal/tree", module + "/internal/follow"},
		{"logwatch", module + "/examples/agent"},
	} {
		assert.NotEmpty(t, breach(c[0], c[1]), "%s must not import %s", c[0], c[1])
	}
	for _, c := range [][2]string{
		{"integrity", module + "/report"},
		{"integrity/system", module + "/integrity"},
		{"integrity", "golang.org/x/sys/unix"},
		{"report/render/html", module + "/internal/chart"},
		{"examples/agent", module + "/pkgupdate/apt"},
	} {
		assert.Empty(t, breach(c[0], c[1]))
	}
}

// Each package is vendored alone into a fresh module, offline, and built.
func TestEachPackageCanBeVendoredAlone(t *testing.T) {
	here, err := os.Getwd()
	require.NoError(t, err)
	gomod, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	gosum, err := os.ReadFile("go.sum")
	require.NoError(t, err)
	goLine := regexp.MustCompile(`(?m)^go \S+$`).FindString(string(gomod))
	requires := regexp.MustCompile(`(?s)require \(.*?\n\)|require [^\n(]+`).FindAllString(string(gomod), -1)
	for _, p := range packages(t) {
		if p.Name == "main" || strings.Contains("/"+p.short()+"/", "/internal/") {
			continue
		}
		t.Run(p.short(), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write := func(name, text string) {
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
			}
			write("go.mod", fmt.Sprintf("module example.org/user\n\n%s\n\n%s\n\nrequire %s v0.0.0\n\nreplace %s => %s\n",
				goLine, strings.Join(requires, "\n"), module, module, here))
			write("go.sum", string(gosum))
			write("user.go", fmt.Sprintf("package user\n\nimport _ %q\n", p.ImportPath))
			_, err := goCommand(t, dir, "mod", "vendor")
			require.NoError(t, err)
			_, err = goCommand(t, dir, "build", "-mod=vendor", ".")
			require.NoError(t, err)
			out, err := goCommand(t, dir, "list", "-mod=vendor", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".")
			require.NoError(t, err)
			third := strings.Fields(string(out))
			slices.Sort(third)
			third = slices.DeleteFunc(slices.Compact(third), func(m string) bool {
				return m == module || m == xsys || m == "example.org/user"
			})
			if pl, _ := placeOf(p.short()); pl.floor == 3 {
				assert.LessOrEqual(t, len(third), 3, "third-party modules behind a domain: %v", third)
			}
		})
	}
}

// parsed gives the files of a package, of all systems, without its tests.
func parsed(t *testing.T, p pkg) (*token.FileSet, []*ast.File) {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range append(p.GoFiles, p.IgnoredGoFiles...) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, f)
	}
	return fset, files
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	for _, p := range packages(t) {
		_, files := parsed(t, p)
		comments := 0
		for _, f := range files {
			if f.Doc != nil {
				comments++
			}
			for _, d := range f.Decls {
				for _, name := range undocumented(d) {
					t.Errorf("%s: %s has no comment", p.short(), name)
				}
			}
		}
		assert.NotZero(t, comments, "%s has no package comment", p.short())
	}
}

func undocumented(d ast.Decl) []string {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			return []string{"func " + d.Name.Name}
		}
	case *ast.GenDecl:
		var names []string
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
					names = append(names, "type "+s.Name.Name)
				}
			case *ast.ValueSpec:
				if s.Names[0].IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
					names = append(names, s.Names[0].Name)
				}
			}
		}
		return names
	}
	return nil
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

func TestDocLinksResolve(t *testing.T) {
	for _, p := range packages(t) {
		fset, files := parsed(t, p)
		if len(files) == 0 {
			continue
		}
		d, err := doc.NewFromFiles(fset, files, p.ImportPath, doc.Mode(doc.PreserveAST))
		require.NoError(t, err)
		parser := d.Parser()
		for _, text := range docTexts(d) {
			for _, link := range brackets(parser.Parse(text)) {
				t.Errorf("%s: the link [%s] leads nowhere", p.short(), link)
			}
		}
	}
}

func docTexts(d *doc.Package) []string {
	texts := []string{d.Doc}
	for _, f := range d.Funcs {
		texts = append(texts, f.Doc)
	}
	for _, typ := range d.Types {
		texts = append(texts, typ.Doc)
		for _, f := range append(typ.Funcs, typ.Methods...) {
			texts = append(texts, f.Doc)
		}
	}
	return texts
}

var linkLike = regexp.MustCompile(`\[([A-Z]\w*(?:\.[A-Z]\w*)?|[a-z]\w*\.[A-Z]\w*)\]`)

// brackets finds what looks like a doc link and was not taken for one.
func brackets(d *comment.Doc) []string {
	var bad []string
	for _, block := range d.Content {
		para, ok := block.(*comment.Paragraph)
		if !ok {
			continue
		}
		for _, text := range para.Text {
			if plain, ok := text.(comment.Plain); ok {
				for _, m := range linkLike.FindAllStringSubmatch(string(plain), -1) {
					bad = append(bad, m[1])
				}
			}
		}
	}
	return bad
}

func TestMarkdownLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		data, err := os.ReadFile(path)
		for _, m := range link.FindAllStringSubmatch(string(data), -1) {
			if !strings.Contains(m[1], "://") {
				_, statErr := os.Stat(filepath.Join(filepath.Dir(path), m[1]))
				assert.NoError(t, statErr, "%s links to %s", path, m[1])
			}
		}
		return err
	})
	require.NoError(t, err)
}

// The README's Go block stands, line for line, in an Example whose output is tested.
func TestReadmeGoBlockIsAnExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	require.Len(t, blocks, 1)
	var indented []string
	for _, line := range strings.Split(strings.TrimRight(blocks[0][1], "\n"), "\n") {
		if line != "" {
			line = "\t" + line
		}
		indented = append(indented, line)
	}
	assert.Contains(t, string(example), strings.Join(indented, "\n"))
	output := regexp.MustCompile("(?s)```text\n(.*?)```").FindStringSubmatch(string(readme)[strings.Index(string(readme), "```go"):])
	require.NotNil(t, output)
	for _, line := range strings.Split(strings.TrimSpace(output[1]), "\n") {
		assert.Contains(t, string(example), "// "+line)
	}
}

// What the README shows of the agent is the beginning of a page that a test makes.
func TestReadmePageIsTheGoldenDay(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	page, err := os.ReadFile("examples/agent/testdata/openssl/report.txt")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```console\n\\$ agent\n(.*?)…\n").FindStringSubmatch(string(readme))
	require.NotNil(t, block)
	assert.GreaterOrEqual(t, strings.Count(block[1], "\n"), 8)
	assert.True(t, strings.HasPrefix(string(page), block[1]), "the page begins:\n%.900s", page)
}

// Skips go through internal/need, which counts them; functions and files stay small.
func TestHouseRules(t *testing.T) {
	for _, p := range packages(t) {
		fset, files := parsed(t, p)
		for _, f := range files {
			file := fset.File(f.Pos())
			assert.LessOrEqual(t, file.LineCount(), 500, file.Name())
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok {
					lines := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1
					assert.LessOrEqual(t, lines, 70, "%s: %s", file.Name(), fn.Name.Name)
				}
			}
		}
		if p.short() == "internal/need" {
			continue
		}
		tests, err := filepath.Glob(filepath.Join(p.Dir, "*_test.go"))
		require.NoError(t, err)
		for _, name := range tests {
			data, err := os.ReadFile(name)
			require.NoError(t, err)
			if name != "house_test.go" && filepath.Base(name) != "house_test.go" {
				assert.NotRegexp(t, `\b[tbf]\.Skip(f|Now)?\(`, string(data), name)
				assert.NotContains(t, string(data), "time.Sleep(time.Second", name)
			}
		}
	}
}
