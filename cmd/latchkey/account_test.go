package main

import "testing"

// TestOwnMethodsInChromium is life in security info after a recovery: what was lost is
// removed, what is new gets a name, and everything else is signed out.
func TestOwnMethodsInChromium(t *testing.T) {
	b := newTab(t)
	a := newAuthenticator(b)
	d := startDemo(t, "")
	contoso := d.report().tenant(t, "contoso.example")
	noor := contoso.user(t, "noor@contoso.example")
	info := securityInfoOf(d.server.Config.BaseURL, d.world[0].tenant)
	b.registers(d, noor)
	a.touched(false)

	b.open(info) // in with the pass again, as somebody whose device is gone
	b.want("signin")
	b.fill("username", noor.UserPrincipalName)
	b.press("#next")
	b.want("pass")
	b.fill("code", noor.TemporaryAccessPass)
	b.submit()
	b.want("security-info")
	b.press("#clean-up")
	b.want("clean-up")
	b.press("#remove-selected")
	b.wantElement(`[data-problem="cleanup.empty"]`)
	b.press(`input[name=remove]`)
	b.press("#remove-selected")
	b.want("security-info")
	b.wantText("What you chose is removed.")
	if b.has(`[data-method=passkey]`) {
		t.Error("the passkey is still there")
	}

	b.press("#add-method")
	b.want("add-method")
	a.touched(true)
	b.press("#add-passkey")
	b.want("security-info")
	b.wantText("The passkey is added.")
	b.shoot("security-info-added")
	b.press(`a[id^=rename-]`)
	b.want("rename-method")
	b.fill("name", "Noor’s new laptop")
	b.press("#rename")
	b.want("security-info")
	b.wantText("Noor’s new laptop")
	b.press("#sign-ins")
	b.want("sign-ins")
	b.wantElement(`li[data-current]`)
	b.press("#back")
	b.want("security-info")
	b.press(`a[id^=remove-]`)
	b.want("remove-method")
	b.press("#keep")
	b.want("security-info")
	b.press("#sign-out-everywhere")
	b.want("sign-out-everywhere")
	b.press("#sign-out-everywhere")
	b.want("signed-out")
	b.wantText("signed out everywhere")
	a.touched(false)
	b.open(info)
	b.want("signin")
}
