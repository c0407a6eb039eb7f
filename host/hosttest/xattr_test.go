package hosttest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

func TestATextTellsExtendedAttributes(t *testing.T) {
	const text = "-- / dir complete --\n-- /a xattr.security.selinux=etc_t xattr.user.n=\"a \\x00b\" --\n-- /b xattrs --\n-- /c --\n-- /l link=/a --\n"
	m := hosttest.New(text)
	attr := func(name, key string) (string, bool) {
		t.Helper()
		attrs, err := m.Attrs(t.Context(), name)
		require.NoError(t, err)
		return host.Entry{Attrs: attrs}.Attr(key)
	}
	label, known := attr("/a", host.AttrSELinux)
	assert.True(t, known)
	assert.Equal(t, "etc_t", label)
	others, _ := attr("/a", host.AttrXattrs)
	set, ok := host.Xattrs(others)
	assert.True(t, ok)
	assert.Equal(t, map[string]string{"user.n": "a \x00b"}, set)
	none, known := attr("/b", host.AttrXattrs)
	assert.True(t, known)
	assert.Empty(t, none)
	for _, name := range []string{"/c", "/l"} { // the text says nothing of them, and a link is not followed
		_, known = attr(name, host.AttrXattrs)
		assert.False(t, known, name)
	}
	_, err := m.Attrs(t.Context(), "/other")
	require.Error(t, err)

	again, err := hosttest.Parse(m.Text())
	require.NoError(t, err)
	assert.Equal(t, string(m.Text()), string(again.Text()))
	assert.Contains(t, string(m.Text()), `xattr.user.n="a \x00b"`)
	assert.Contains(t, string(m.Text()), " xattrs --")
}

func TestAnExtendedAttributeHasANameAndAValue(t *testing.T) {
	for _, words := range []string{"xattr.user.n", "xattr.user=x", "xattr.=x", "xattr.user.=x", "xattrs=1", "xattr.user.n=a xattr.user.n=b"} {
		_, err := hosttest.Parse([]byte("-- /a " + words + " --\n"))
		assert.Error(t, err, words)
	}
}
