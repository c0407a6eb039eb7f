package upkeep_test

import (
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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

// What users can reach is made of names that users can write.
func TestExportedNamesUseNoInternalTypes(t *testing.T) {
	for _, p := range packages(t) {
		if strings.Contains("/"+p.short()+"/", "/internal/") {
			continue
		}
		_, files := parsed(t, p)
		for _, f := range files {
			hidden := internalImports(f)
			for _, d := range f.Decls {
				for _, expr := range exportedTypes(d) {
					ast.Inspect(expr, func(n ast.Node) bool {
						sel, ok := n.(*ast.SelectorExpr)
						if !ok {
							return true
						}
						if id, ok := sel.X.(*ast.Ident); ok {
							assert.NotContains(t, hidden, id.Name, "%s: an exported name uses %s.%s", p.short(), id.Name, sel.Sel.Name)
						}
						return true
					})
				}
			}
		}
	}
}

// internalImports gives the names of the internal packages that a file imports.
func internalImports(f *ast.File) []string {
	var names []string
	for _, im := range f.Imports {
		to, err := strconv.Unquote(im.Path.Value)
		if err != nil || !strings.Contains(to, "/internal/") {
			continue
		}
		name := filepath.Base(to)
		if im.Name != nil {
			name = im.Name.Name
		}
		names = append(names, name)
	}
	return names
}

// exportedTypes gives the type expressions by which a declaration can be reached.
func exportedTypes(d ast.Decl) []ast.Expr {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && exportedReceiver(d) {
			return []ast.Expr{d.Type}
		}
	case *ast.GenDecl:
		var out []ast.Expr
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					out = append(out, exportedFields(s.Type)...)
				}
			case *ast.ValueSpec:
				if s.Type != nil && slices.ContainsFunc(s.Names, func(n *ast.Ident) bool { return n.IsExported() }) {
					out = append(out, s.Type)
				}
			}
		}
		return out
	}
	return nil
}

// exportedFields gives the types of what can be seen of a type.
func exportedFields(typ ast.Expr) []ast.Expr {
	st, ok := typ.(*ast.StructType)
	if !ok {
		return []ast.Expr{typ}
	}
	var out []ast.Expr
	for _, field := range st.Fields.List {
		if len(field.Names) == 0 || slices.ContainsFunc(field.Names, func(n *ast.Ident) bool { return n.IsExported() }) {
			out = append(out, field.Type)
		}
	}
	return out
}

// A promise of SECURITY.md names the tests and the rows of the silence table that
// hold it, and they are there.
func TestEachPromiseOfSecurityIsHeld(t *testing.T) {
	text, err := os.ReadFile("SECURITY.md")
	require.NoError(t, err)
	tests, rows := namesOfTests(t)
	promises := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) != 2 || cells[1] == "held by |\n" {
			continue
		}
		promises++
		holders := regexp.MustCompile("`(Test\\w+)`|\"([^\"]+)\"").FindAllStringSubmatch(cells[1], -1)
		assert.NotEmpty(t, holders, line)
		for _, h := range holders {
			if h[1] != "" {
				assert.True(t, tests[h[1]], "no test is named %s", h[1])
				continue
			}
			assert.Contains(t, rows, strconv.Quote(h[2]), "no row of the silence table has this name")
		}
	}
	assert.Greater(t, promises, 30)
	for _, name := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(text), -1) {
		assert.True(t, tests[name[1]], "no test is named %s", name[1])
	}
}

// namesOfTests gives the tests of all packages, and the text of the silence table.
func namesOfTests(t *testing.T) (tests map[string]bool, table string) {
	t.Helper()
	tests = map[string]bool{}
	for _, p := range packages(t) {
		files, err := filepath.Glob(filepath.Join(p.Dir, "*_test.go"))
		require.NoError(t, err)
		for _, name := range files {
			source, err := os.ReadFile(name)
			require.NoError(t, err)
			for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)`).FindAllSubmatch(source, -1) {
				tests[string(found[1])] = true
			}
			if strings.HasPrefix(filepath.Base(name), "silence_") {
				table += string(source)
			}
		}
	}
	return tests, table
}
