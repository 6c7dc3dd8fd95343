package admin_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// allowDevices turns the method of devices on.
func (w *world) allowDevices() {
	w.Helper()
	w.must(err2(w.admin.UpdateAuthenticatorPolicy(w.ctx, op, tenantID, admin.AuthenticatorPolicyChange{Enabled: new(true)})))
}

// giveDevice gives somebody a device by which they sign in.
func (w *world) giveDevice(u *idp.User, name string, change ...func(*idp.Authenticator)) *idp.Authenticator {
	w.Helper()
	w.pass(time.Millisecond)
	d := &idp.Authenticator{
		AuthenticatorID: idp.NewID(), UserID: u.UserID, Name: name, Thumbprint: idp.NewID(), App: "web/1", Platform: "Android",
		Verifier: idp.AuthenticatorVerifier{Credential: []byte(idp.NewID())}, CreatedAt: w.now(), SeenAt: w.now(),
	}
	for _, c := range change {
		c(d)
	}
	w.put(d)
	return d
}

// devices are how somebody's devices are called, in order.
func (w *world) devices(u *idp.User) (names []string) {
	w.Helper()
	infos, err := w.admin.Authenticators(w.ctx, op, tenantID, u.UserID)
	w.must(err)
	for _, d := range infos {
		names = append(names, d.Name)
	}
	return names
}

// TestAuthenticatorReasons: whether a device is accepted follows from it, from the policy and
// from the deployment.
func TestAuthenticatorReasons(t *testing.T) {
	t.Parallel()
	only := func(mode string) *[]idp.Target {
		return &[]idp.Target{{Type: "group", ID: idp.AllUsers, Mode: mode}}
	}
	for what, c := range map[string]struct {
		device func(*idp.Authenticator)
		policy admin.AuthenticatorPolicyChange
		host   bool
		want   idp.Reason
	}{
		"as it comes":            {host: true, want: idp.Offered},
		"a copy":                 {device: func(d *idp.Authenticator) { d.CopiedAt = epoch }, host: true, want: idp.CopiedDevice},
		"a program":              {device: func(d *idp.Authenticator) { d.Soft = true }, host: true, want: idp.SoftDevice},
		"a program, allowed":     {device: func(d *idp.Authenticator) { d.Soft = true }, policy: admin.AuthenticatorPolicyChange{Soft: new(true)}, host: true, want: idp.Offered},
		"not seen for long":      {device: func(d *idp.Authenticator) { d.SeenAt = d.SeenAt.Add(-idp.AuthenticatorUnused) }, host: true, want: idp.UnusedDevice},
		"turned off":             {policy: admin.AuthenticatorPolicyChange{Enabled: new(false)}, host: true, want: idp.MethodDisabled},
		"for somebody else":      {policy: admin.AuthenticatorPolicyChange{Include: &[]idp.Target{}}, host: true, want: idp.OutOfScope},
		"as a second factor":     {policy: admin.AuthenticatorPolicyChange{Include: only("push")}, host: true, want: idp.OutOfMode},
		"without a password":     {policy: admin.AuthenticatorPolicyChange{Include: only("deviceBasedPush")}, host: true, want: idp.Offered},
		"no host for a verifier": {want: idp.Unavailable},
	} {
		w := newWorld(t)
		w.allowDevices()
		if c.device == nil {
			c.device = func(*idp.Authenticator) {}
		}
		w.giveDevice(w.user, "Phone", c.device)
		w.must(err2(w.admin.UpdateAuthenticatorPolicy(w.ctx, op, tenantID, c.policy)))
		host := ""
		if c.host {
			host = "id.example"
		}
		w.admin.WithPasskeyHost(host)
		held, err := w.admin.Methods(w.ctx, op, tenantID, name)
		if err != nil || len(held.Authenticators) != 1 || held.Authenticators[0].Reason != c.want {
			t.Errorf("%s: %+v, %v, want %q", what, held.Authenticators, err, c.want)
		}
		if usable := c.want == idp.Offered; held.AuthenticatorUsable() != usable || held.Passwordless() != usable || slices.Contains(held.Lasting(), idp.AuthenticatorMethod) != usable {
			t.Errorf("%s: %+v is usable %t", what, held, !usable)
		}
		if mfa := c.want == idp.Offered || c.want == idp.OutOfMode; held.MFA() != mfa || !held.MFARegistered() || held.PasskeyUsable() {
			t.Errorf("%s: more than one factor %t", what, !mfa)
		}
	}
}

// TestHeldWithDevices: what is asked for first, and what is the only way in.
func TestHeldWithDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.allowDevices()
	w.allowPasswords()
	phone := w.giveDevice(w.user, "Phone")
	held := func() admin.Methods {
		t.Helper()
		m, err := w.admin.Methods(w.ctx, op, tenantID, name)
		w.must(err)
		return m
	}
	if m := held(); !m.OnlyWay(phone.AuthenticatorID) || m.First() != idp.AuthenticatorMethod {
		t.Errorf("%+v", m)
	}
	w.givePassword(w.user)
	if m := held(); m.OnlyWay(phone.AuthenticatorID) || !slices.Equal(m.Lasting(), []idp.Kind{idp.AuthenticatorMethod, idp.PasswordMethod}) {
		t.Errorf("%+v", m)
	}
	w.giveKey(w.user, "Key")
	if m := held(); !slices.Equal(m.Lasting(), []idp.Kind{idp.PasskeyMethod, idp.AuthenticatorMethod, idp.PasswordMethod}) || m.First() != idp.PasskeyMethod {
		t.Errorf("%+v", m)
	}
	w.must(w.admin.PreferMethod(w.ctx, op, tenantID, name, idp.AuthenticatorMethod))
	if m := held(); m.First() != idp.AuthenticatorMethod {
		t.Errorf("%+v", m)
	}
}

func TestRenameAuthenticator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.newUser("bob@contoso.example")
	w.hasMail(w.user)
	phone, bobs := w.giveDevice(w.user, "Phone"), w.giveDevice(bob, "Bob's")
	self := stronger(idp.Person(tenantID, w.user))
	rename := func(a idp.Actor, id, to string) func() error {
		return func() error { return err2(w.admin.RenameAuthenticator(w.ctx, a, tenantID, name, id, to)) }
	}
	w.pass(time.Minute)
	w.must(rename(self, phone.AuthenticatorID, "Old phone")())
	w.wantEvent(self.Party, userParty(w.user), "User updated security info", "UserManagement", "Authentication Methods", "User renamed authenticator method")
	e := w.newest()
	if len(e.Modified) != 1 || e.Modified[0] != (idp.Modified{Name: "Name", Old: `"Phone"`, New: `"Old phone"`}) || e.Details["method"] != phone.AuthenticatorID || !e.Passing {
		t.Errorf("%+v", e)
	}
	w.wantMails("private@mail.example: method-renamed authenticator Old phone")
	before := len(w.log())
	w.must(rename(op, phone.AuthenticatorID, "Old phone")()) // which it is called already
	if got := get[idp.Authenticator](w, phone.AuthenticatorID); got.Name != "Old phone" || len(w.log()) != before {
		t.Errorf("%+v, %d lines of the log", got, len(w.log())-before)
	}
	w.wantMails()
	for what, c := range map[string]struct {
		actor  idp.Actor
		id, to string
		code   idp.Code
		text   string
	}{
		"another's":              {op, bobs.AuthenticatorID, "Mine", idp.NotFound, fmt.Sprintf("%s has no device %q.", name, bobs.AuthenticatorID)},
		"none":                   {op, "x", "Mine", idp.NotFound, name + ` has no device "x".`},
		"no name":                {self, phone.AuthenticatorID, "", idp.Invalid, "A device needs a name, and the name of its app."},
		"a name of two lines":    {self, phone.AuthenticatorID, "a\nb", idp.Invalid, "A device needs names of at most 256 bytes, without control characters."},
		"without a strong proof": {idp.Person(tenantID, w.user), phone.AuthenticatorID, "Mine", idp.Forbidden, idp.ErrStepUp.Error()},
	} {
		w.wantError(what, c.code, c.text, rename(c.actor, c.id, c.to))
	}
}

// TestDeleteAuthenticator: what came from the device ends with it, and nothing else does.
func TestDeleteAuthenticator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hasMail(w.user)
	self := stronger(idp.Person(tenantID, w.user))
	for who, c := range map[string]struct {
		actor            idp.Actor
		activity, reason string
	}{
		"oneself":          {self, "User deleted security info", "User deleted authenticator method"},
		"an administrator": {op, "Admin deleted security info", "Admin deleted authenticator method for user"},
	} {
		lost, kept := w.giveDevice(w.user, "Lost"), w.giveDevice(w.user, "Kept")
		s, g := w.rest(w.user, lost.AuthenticatorID)
		otherS, otherG := w.rest(w.user, kept.AuthenticatorID)
		w.pass(time.Minute)
		remove := func() error {
			return w.admin.DeleteAuthenticator(w.ctx, c.actor, tenantID, name, lost.AuthenticatorID)
		}
		w.must(remove())
		w.wantEvent(c.actor.Party, userParty(w.user), c.activity, "UserManagement", "Authentication Methods", c.reason)
		w.wantMails("private@mail.example: method-removed authenticator Lost")
		w.wantEnded("by "+who, s, g, true)
		w.wantEnded("by "+who+": the other's", otherS, otherG, false)
		if got := w.devices(w.user); !slices.Equal(got, []string{"Kept"}) {
			t.Errorf("by %s: left %q", who, got)
		}
		w.wantError("again", idp.NotFound, fmt.Sprintf("%s has no device %q.", name, lost.AuthenticatorID), remove)
		w.must(w.admin.DeleteAuthenticator(w.ctx, op, tenantID, name, kept.AuthenticatorID))
		w.wantMails("private@mail.example: method-removed authenticator Kept")
	}
	phone := w.giveDevice(w.user, "Phone")
	w.wantError("without a strong proof", idp.Forbidden, idp.ErrStepUp.Error(), func() error {
		return w.admin.DeleteAuthenticator(w.ctx, idp.Person(tenantID, w.user), tenantID, name, phone.AuthenticatorID)
	})
	boss := get[idp.User](w, w.person("boss", idp.GlobalAdministrator).ID)
	theirs := w.giveDevice(boss, "Boss's")
	for who, a := range map[string]idp.Actor{"a helper": w.person("helper", idp.AuthenticationAdministrator), "an app": app("UserAuthMethod-MicrosoftAuthApp.ReadWrite.All")} {
		w.wantRefused(who, func() error {
			return w.admin.DeleteAuthenticator(w.ctx, a, tenantID, boss.UserID, theirs.AuthenticatorID)
		})
	}
}

// TestInviteAuthenticator: an invitation lets a device in that has its token or its code,
// and is for operators alone.
func TestInviteAuthenticator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	invite := func() error { return err2(w.admin.InviteAuthenticator(w.ctx, op, tenantID, name)) }
	w.wantError("turned off", idp.Invalid, name+" cannot have a device added: the method is disabled by policy.", invite)
	w.allowDevices()
	w.pass(time.Minute)
	in, err := w.admin.InviteAuthenticator(w.ctx, op, tenantID, name)
	w.must(err)
	w.wantEvent(op.Party, userParty(w.user), "Admin started security info registration", "UserManagement", "Authentication Methods", "Admin invited authenticator method for user")
	kept := get[idp.AuthenticatorEnrolment](w, in.Enrolment.EnrolmentID)
	if kept.UserID != w.user.UserID || kept.SessionID != "" || kept.StateAt(w.now()) != idp.EnrolmentOpen || kept.Token != idp.HashToken(idp.EnrolmentToken, in.Token) || !kept.Ends.Equal(w.now().Add(idp.DeviceEnrolmentLifetime)) {
		t.Errorf("%+v", kept)
	}
	if !kept.Try(w.keys, tenantID, in.Code) {
		t.Errorf("the code %q is not the invitation's", in.Code)
	}
	chief := w.person("chief", idp.GlobalAdministrator)
	w.wantRefused("a Global Administrator", func() error { return err2(w.admin.InviteAuthenticator(w.ctx, chief, tenantID, name)) })
	for range idp.MaxAuthenticators {
		w.giveDevice(w.user, "One more")
	}
	w.wantError("too many", idp.Invalid, name+" cannot have a device added: the user holds as many as one may.", invite)
	bob := w.newUser("bob@contoso.example")
	w.must(err2(w.admin.UpdateUser(w.ctx, op, tenantID, bob.UserID, admin.UserChange{Disabled: new(true)})))
	w.wantError("disabled", idp.Invalid, "bob@contoso.example cannot have a device added: the user account is disabled.", func() error {
		return err2(w.admin.InviteAuthenticator(w.ctx, op, tenantID, bob.UserID))
	})
	w.admin.WithPasskeyHost("")
	w.wantError("no host", idp.Invalid, name+" cannot have a device added: "+string(idp.Unavailable)+".", invite)
}

// TestDeleteUserRemovesDevices: neither a device nor what would become one outlives its user,
// nor what asks them.
func TestDeleteUserRemovesDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.allowDevices()
	bob := w.newUser("bob@contoso.example")
	policy := idp.DefaultAuthenticatorPolicy()
	for _, u := range []*idp.User{w.user, bob} {
		w.giveDevice(u, "One")
		w.giveDevice(u, "Two")
		w.must(err2(w.admin.InviteAuthenticator(w.ctx, op, tenantID, u.UserID)))
		w.must(err2(w.admin.InviteAuthenticator(w.ctx, op, tenantID, u.UserID)))
		w.put(idp.NewSignInRequest(w.keys, tenantID, u.UserID, policy, idp.AskType, w.now()), idp.NewSignInRequest(w.keys, tenantID, u.UserID, policy, idp.AskScan, w.now()))
	}
	devices := slices.DeleteFunc(all[idp.Authenticator](w), func(d *idp.Authenticator) bool { return d.UserID != w.user.UserID })
	s, g := w.rest(w.user, devices[0].AuthenticatorID)
	w.must(w.admin.DeleteUser(w.ctx, op, tenantID, name))
	w.wantEnded("of a device", s, g, true)
	var left []string
	for _, d := range all[idp.Authenticator](w) {
		left = append(left, d.UserID)
	}
	for _, e := range all[idp.AuthenticatorEnrolment](w) {
		left = append(left, e.UserID)
	}
	for _, r := range all[idp.SignInRequest](w) {
		left = append(left, r.UserID)
	}
	if len(left) != 6 || slices.Contains(left, w.user.UserID) {
		t.Errorf("left of %q", left)
	}
}

// TestAuthenticatorPolicy: the policy is changed as far as it is told, and not at all when
// something is wrong with it.
func TestAuthenticatorPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	staff := w.newGroup("Staff")
	change := func(c admin.AuthenticatorPolicyChange) func() error {
		return func() error { return err2(w.admin.UpdateAuthenticatorPolicy(w.ctx, op, tenantID, c)) }
	}
	feature := func(include idp.Target) *idp.Feature { return &idp.Feature{State: idp.FeatureOn, Include: include} }
	target := idp.Target{Type: "group", ID: staff.GroupID}
	pushed := target
	pushed.Mode = idp.AuthenticatePush
	p, err := w.admin.UpdateAuthenticatorPolicy(w.ctx, op, tenantID, admin.AuthenticatorPolicyChange{
		Enabled: new(true), Include: &[]idp.Target{pushed}, Ask: &[]idp.AskMode{idp.AskScan}, Digits: new(4), Lifetime: new(90), Tries: new(2),
		Soft: new(true), Quiet: new(true), ShowApp: feature(target), Matching: new(idp.FeatureOff),
	})
	w.must(err)
	if !p.Enabled || p.Targets.Include[0].Mode != idp.AuthenticatePush || p.Digits != 4 || p.Lifetime != 90 || p.Tries != 2 || !p.Soft || !p.Quiet ||
		!slices.Equal(p.Ask, []idp.AskMode{idp.AskScan}) || p.ShowApp.Include != target || p.ShowPlace.State != idp.FeatureDefault || p.Matching != idp.FeatureOff {
		t.Errorf("%+v", p)
	}
	w.must(change(admin.AuthenticatorPolicyChange{Include: &[]idp.Target{{Type: "group", ID: idp.AllUsers}}})())
	w.wantError("a group that a feature is for", idp.Conflict, "The authenticator policy names the group Staff. Change the policy first.", func() error {
		return w.admin.DeleteGroup(w.ctx, op, tenantID, staff.GroupID)
	})
	for what, c := range map[string]struct {
		change admin.AuthenticatorPolicyChange
		code   idp.Code
		text   string
	}{
		"digits":           {admin.AuthenticatorPolicyChange{Digits: new(7)}, idp.Invalid, "Invalid number of digits 7 specified. The valid range is between 2 and 6."},
		"no group":         {admin.AuthenticatorPolicyChange{Include: &[]idp.Target{{Type: "group", ID: nobodyID}}}, idp.NotFound, `There is no group "` + nobodyID + `".`},
		"feature for none": {admin.AuthenticatorPolicyChange{ShowPlace: feature(idp.Target{Type: "group", ID: nobodyID})}, idp.NotFound, `There is no group "` + nobodyID + `".`},
		"no mode":          {admin.AuthenticatorPolicyChange{Include: &[]idp.Target{{Type: "group", ID: staff.GroupID, Mode: "sms"}}}, idp.Invalid, `The authentication mode "sms" is none of any, push and deviceBasedPush.`},
	} {
		w.wantError(what, c.code, c.text, change(c.change))
	}
	if p, err = w.admin.ResetAuthenticatorPolicy(w.ctx, op, tenantID); err != nil || p.Enabled || p.Digits != 2 || p.Matching != "" {
		t.Errorf("%+v, %v", p, err)
	}
}
