package accounts

import (
	"github.com/pugetsoundtech/upkeep/host/etc"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
)

// unread says that a file of a user could not be read. What it holds stays unknown.
func (l *accountList) unread(u etc.User, file, section string, err error) {
	f, kept := inventory.KeptUnread(l.ctx, l.h, Users{}.Name(), u.Name, file, err)
	if !kept {
		l.FailBelow(err, section, u.Name)
		return
	}
	f.Scope = "accounts/" + section
	l.Keep(f, section, u.Name)
}
