package main

import (
	"cmp"
	"slices"

	"latchkey/idp/admin"
)

// worseFirst sorts people by level, and within one by name.
func worseFirst(a, b readyView) int {
	return cmp.Or(
		cmp.Compare(slices.Index(admin.ReadinessLevels, a.Level), slices.Index(admin.ReadinessLevels, b.Level)),
		cmp.Compare(a.UserPrincipalName, b.UserPrincipalName))
}

// levelMeaning says what a level means.
func levelMeaning(level string) string {
	switch level {
	case admin.Stuck:
		return "nothing works, and the policy allows them no pass"
	case admin.HelpNeeded:
		return "nothing works now; an administrator can give a pass"
	case admin.PasswordOnly:
		return "a password is all that lasts"
	case admin.PassOnly:
		return "a pass is all there is, and it ends"
	case admin.OneCredential:
		return "one passkey or device: if it is lost, they cannot help themselves"
	case admin.Ready:
		return "several passkeys or devices, or a synced passkey and an administrator who may give a pass"
	case admin.AccountDisabled:
		return "the account is disabled"
	case admin.ProvedElsewhere:
		return "they sign in elsewhere"
	}
	return ""
}
