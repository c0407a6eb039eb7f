package apply_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/window"
)

func weekly(t *testing.T, text string) (w window.Window) {
	t.Helper()
	require.NoError(t, w.UnmarshalText([]byte(text)))
	return w
}

func TestOutsideTheWindowsNothingIsDone(t *testing.T) {
	now := time.Date(2026, 11, 28, 1, 30, 0, 0, time.UTC) // a Saturday
	h := hosttest.New("-- /jobs/ absent --\n-- /var/db/pkgin/ absent --\n").Host()
	h.Exec, h.Now = &told{}, func() time.Time { return now }
	a := apply.Applier{Host: h, Manager: withID("pkgin", "toy-a"), Dir: "/jobs", Zone: time.FixedZone("CET", 3600)}
	o := apply.Options{Windows: []window.Window{weekly(t, "Sun 02:00-05:00"), weekly(t, "Sat 03:00-05:00")}}
	p, err := a.Plan(t.Context(), o)
	require.NoError(t, err)
	assert.Equal(t, []string{"outside the maintenance windows: the next begins on 2026-11-28 03:00 CET"}, p.Problems)
	_, err = a.Apply(t.Context(), p)
	require.ErrorIs(t, err, apply.ErrNotReady)

	now = now.Add(time.Hour)
	p, err = a.Plan(t.Context(), o)
	require.NoError(t, err)
	assert.Empty(t, p.Problems)
	now = now.Add(3 * time.Hour) // it closes between plan and apply
	_, err = a.Apply(t.Context(), p)
	require.ErrorIs(t, err, apply.ErrNotReady)

	a.Manager = withID("pkgin")
	p, err = a.Plan(t.Context(), o)
	require.NoError(t, err)
	assert.Empty(t, p.Problems, "where nothing is pending no window is missed")
}

func withID(id string, names ...string) *pkgupdatetest.Manager {
	m := pendingOf()
	if len(names) > 0 {
		m = pendingOf(pkgupdatetest.Deb(names[0], "1.0"), pkgupdatetest.Deb("toy-z", "1.0"))
	}
	m.ID = id
	return m
}

func TestWhatAPersonDecidedIsLeftAloneForAsLongAsItLasts(t *testing.T) {
	now := time.Date(2026, 11, 28, 1, 30, 0, 0, time.UTC)
	h := host.Host{Exec: &told{}, Now: func() time.Time { return now }}
	hold := apply.Hold{Package: "toy-[ab]", Reason: "the migration", By: "ann", Until: now.Add(time.Hour)}
	own := apply.Hold{Package: "toy-a", Reason: "our patch", By: "ann", Until: now.Add(time.Hour), Version: "1.*"}
	review := apply.Hold{Package: "toy-a", Reason: "needs a look at the schema", By: "ann"}
	for name, c := range map[string]struct {
		options apply.Options
		left    string
		note    bool
	}{
		"held":            {apply.Options{Holds: []apply.Hold{hold}}, "held by ann until 2026-11-28 02:30 UTC: the migration", false},
		"held, and named": {apply.Options{Holds: []apply.Hold{hold}, Only: []string{"toy-a", "toy-z"}}, "held by ann until 2026-11-28 02:30 UTC: the migration", false},
		"held is wanted":  {apply.Options{Holds: []apply.Hold{hold}, Held: true}, "", false},
		"fixed by us": {
			apply.Options{Holds: []apply.Hold{own}, Held: true, Only: []string{"toy-a", "toy-z"}}, "fixed by a build of your own, says ann, until 2026-11-28 02:30 UTC: our patch", false,
		},
		"the maker's again": {apply.Options{Holds: []apply.Hold{{Package: "toy-a", Reason: "our patch", By: "ann", Until: now.Add(time.Hour), Version: "*+us1"}}}, "", false},
		"it has ended":      {apply.Options{Holds: []apply.Hold{{Package: "*", Reason: "x", By: "ann", Until: now.Add(-time.Hour)}}}, "", true},
		"to be looked at":   {apply.Options{Holds: []apply.Hold{review}}, "for a person to look at, says ann: needs a look at the schema", false},
		"it was looked at": {
			apply.Options{Holds: []apply.Hold{review}, Only: []string{"toy-a", "toy-z"}}, "", false,
		},
	} {
		p, err := apply.Applier{Host: h, Manager: withID("pkgin", "toy-a")}.Plan(t.Context(), c.options)
		require.NoError(t, err, name)
		assert.Empty(t, p.Problems, name)
		if c.left == "" {
			assert.Len(t, p.Steps, 2, name)
		} else {
			assert.Equal(t, []apply.Left{{Label: "toy-a", Reason: c.left, Security: true}}, p.Left, name)
			assert.Len(t, p.Steps, 1, name)
		}
		assert.Len(t, p.Notes, map[bool]int{false: 1, true: 2}[c.note], name)
	}
	p, err := apply.Applier{Host: h, Manager: withID("pacman", "toy-a")}.Plan(t.Context(), apply.Options{Holds: []apply.Hold{hold}})
	require.NoError(t, err)
	assert.Equal(t, []string{"pacman takes all that is pending or nothing"}, p.Problems, "it would take what is held too")
	for _, bad := range []apply.Hold{{Package: "[", Reason: "x", By: "x"}, {Package: "a", By: "x"}, {Package: "a", Reason: "x"}, {Reason: "x", By: "x"}, {Package: "a", Reason: "x", By: "x", Version: "[", Until: now}} {
		p, err := apply.Applier{Host: h, Manager: withID("pkgin", "toy-a")}.Plan(t.Context(), apply.Options{Holds: []apply.Hold{bad}})
		require.NoError(t, err)
		assert.NotEmpty(t, p.Problems, "%v", bad)
	}
}

// What comes with an upgrade is not what was asked for, and a hold counts for it too.
func TestAHeldPackageThatWouldComeAlongStopsThePlan(t *testing.T) {
	const said = "Inst toy-a [1.0] (2.0 Toy:1/s [amd64])\nInst toy-c [1.0] (2.0 Toy:1/s [amd64])\n2 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n"
	m := pendingOf(pkgupdatetest.Deb("toy-a", "1.0"))
	c := pkgupdatetest.Deb("toy-c", "1.0")
	c.Source = "toys"
	m.Packages.Value = append(m.Packages.Value, c)
	m.ID = "apt"
	p, err := apply.Applier{Host: host.Host{Exec: answering(said)}, Manager: m}.Plan(t.Context(), apply.Options{
		Holds: []apply.Hold{{Package: "toys", Reason: "the migration", By: "ann", Until: time.Now().AddDate(0, 0, 1)}},
	})
	require.NoError(t, err)
	require.NotEmpty(t, p.Problems)
	assert.Contains(t, p.Problems[0], "toy-c would change with what is asked for, and is held by ann")
}

func TestWhatBecomesOfEditedFilesIsOneOfThreeWords(t *testing.T) {
	for _, word := range []string{"keep", "replace", "stop"} {
		var c apply.Conffiles
		require.NoError(t, c.UnmarshalText([]byte(word)))
		text, err := c.MarshalText()
		require.NoError(t, err)
		assert.Equal(t, word, string(text))
	}
	c := apply.StopAtConffiles
	assert.Error(t, c.UnmarshalText([]byte("ask")))
	require.NoError(t, c.UnmarshalText(nil))
	assert.Equal(t, apply.KeepConffiles, c)
}

// A class of packages is looked at by a person, each update by its name, and so is a
// security fix among them.
func TestAClassIsForAPersonToLookAt(t *testing.T) {
	h := hosttest.New("-- /jobs/ absent --\n-- /var/db/pkgin/ absent --\n").Host()
	h.Exec = &told{}
	a := apply.Applier{Host: h, Manager: withID("pkgin", "openssh"), Dir: "/jobs"}
	var o apply.Options
	for _, word := range []string{"kernel", "sshd"} {
		var c apply.Class
		require.NoError(t, c.UnmarshalText([]byte(word)))
		o.Holds = append(o.Holds, c.Review("the policy")...)
	}
	p, err := a.Plan(t.Context(), o)
	require.NoError(t, err)
	require.Len(t, p.Steps, 1)
	assert.Equal(t, "toy-z", p.Steps[0].Name)
	require.Len(t, p.Left, 1)
	assert.Contains(t, p.Left[0].Reason, "for a person to look at, says the policy: packages of the class sshd")
	o.Only = []string{"openssh"}
	p, err = a.Plan(t.Context(), o)
	require.NoError(t, err)
	require.Len(t, p.Steps, 1)
	assert.Equal(t, "openssh", p.Steps[0].Name)
	for _, c := range apply.Classes() {
		for _, hold := range c.Review("x") {
			require.NoError(t, hold.Validate())
		}
	}
	var none apply.Class
	assert.ErrorContains(t, none.UnmarshalText([]byte("kernels")), "bootloader")
}
