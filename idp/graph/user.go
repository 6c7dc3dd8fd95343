package graph

import (
	"latchkey/idp"
)

type userProperty = property[*idp.User, *userInput]

var users = &entity[*idp.User, *userInput]{
	name: "user",
	id:   func(u *idp.User) string { return u.UserID }, prepare: prepareUsers,
	properties: []userProperty{
		{name: "id", kind: edmString, get: func(_ *call, u *idp.User) any { return u.UserID }},
		{
			name: "businessPhones", kind: listOf(edmString), get: func(_ *call, u *idp.User) any { return u.Work.Phones },
			set: func(in *userInput, v value) error {
				return in.edit(func(u *idp.User) { u.Work.Phones = v.texts() })
			},
		},
		userText("displayName", required, func(u *idp.User) *string { return &u.DisplayName }),
		userText("givenName", 0, func(u *idp.User) *string { return &u.Profile.GivenName }),
		userText("jobTitle", 0, func(u *idp.User) *string { return &u.Work.JobTitle }),
		userText("mail", 0, func(u *idp.User) *string { return &u.Profile.Email }),
		userText("mobilePhone", 0, func(u *idp.User) *string { return &u.Profile.Phone }),
		userText("officeLocation", 0, func(u *idp.User) *string { return &u.Work.Office }),
		userText("preferredLanguage", 0, func(u *idp.User) *string { return &u.Profile.Locale }),
		userText("surname", 0, func(u *idp.User) *string { return &u.Profile.FamilyName }),
		{
			name: "userPrincipalName", kind: edmString, flags: required, get: func(_ *call, u *idp.User) any { return shownName(u) },
			set: func(in *userInput, v value) error {
				return in.edit(func(u *idp.User) { u.PrincipalName = v.text() })
			},
		},
		{
			name: "accountEnabled", kind: edmBoolean, flags: onSelect | required, get: func(_ *call, u *idp.User) any { return !u.Disabled },
			set: func(in *userInput, v value) error {
				return in.edit(func(u *idp.User) { u.Disabled = !v.boolean() })
			},
		},
		{name: "userType", kind: enumOf("Member", "Guest"), flags: onSelect, get: userType, set: setUserType},
		userText("companyName", onSelect, func(u *idp.User) *string { return &u.Work.Company }),
		userText("department", onSelect, func(u *idp.User) *string { return &u.Work.Department }),
		userText("employeeId", onSelect, func(u *idp.User) *string { return &u.Work.EmployeeID }),
		userText("mailNickname", onSelect|required, func(u *idp.User) *string { return &u.Work.MailNickname }),
		userText("usageLocation", onSelect, func(u *idp.User) *string { return &u.Work.UsageLocation }),
		{
			name: "otherMails", kind: listOf(edmString), flags: onSelect, get: func(_ *call, u *idp.User) any { return u.OtherMails },
			set: func(in *userInput, v value) error {
				return in.edit(func(u *idp.User) { u.OtherMails = v.texts() })
			},
		},
		{name: "passwordProfile", kind: passwordProfile, flags: onSelect | noFilter | required | onCreate, get: constant[*idp.User](nil), set: checkPassword},
		{name: "createdDateTime", kind: edmDateTime, flags: onSelect, get: func(_ *call, u *idp.User) any { return u.CreatedAt }},
		{name: "creationType", kind: edmString, flags: onSelect, get: creationType},
		{name: "externalUserState", kind: edmString, flags: onSelect, get: func(_ *call, u *idp.User) any { return nonEmpty(string(u.External.State)) }},
		{name: "externalUserStateChangeDateTime", kind: edmDateTime, flags: onSelect, get: func(_ *call, u *idp.User) any { return u.External.ChangedAt }},
		{name: "identities", kind: listOf(identity), flags: onSelect, get: identities},
		{name: "signInActivity", kind: activityKind, flags: onSelect | noFilter, get: signInActivity},
		{name: "signInSessionsValidFromDateTime", kind: edmDateTime, flags: onSelect, get: validFrom},
		{name: "assignedLicenses", kind: listOf(edmAny), flags: onSelect | noFilter, get: constant[*idp.User]([]any{})},
		{name: "deletedDateTime", kind: edmDateTime, flags: onSelect, get: constant[*idp.User](nil)},
		{name: "lastPasswordChangeDateTime", kind: edmDateTime, flags: onSelect, get: constant[*idp.User](nil)},
		{name: "onPremisesSyncEnabled", kind: edmBoolean, flags: onSelect, get: constant[*idp.User](nil)},
		{name: "passwordPolicies", kind: edmString, flags: onSelect, get: constant[*idp.User](nil)},
	},
}

// userText is a property that is a text of the record; null clears it.
func userText(name string, f flags, at func(*idp.User) *string) userProperty {
	return userProperty{
		name: name, kind: edmString, flags: f,
		get: func(_ *call, u *idp.User) any { return nonEmpty(*at(u)) },
		set: func(in *userInput, v value) error {
			return in.edit(func(u *idp.User) { *at(u) = v.text() })
		},
	}
}

func userType(_ *call, u *idp.User) any {
	if u.Type.Guest() {
		return "Guest"
	}
	return "Member"
}

// setUserType makes a guest of a member and the reverse, who go on proving themselves
// where they do.
func setUserType(in *userInput, v value) error {
	if v.null() {
		return idp.Errorf(idp.Invalid, "Property 'userType' cannot be null.")
	}
	return in.edit(func(u *idp.User) { u.Type = u.Type.As(v.text() == "Guest") })
}

var passwordProfile = complexOf(
	field{name: "password", kind: edmString},
	field{name: "forceChangePasswordNextSignIn", kind: edmBoolean},
	field{name: "forceChangePasswordNextSignInWithMfa", kind: edmBoolean},
)

// checkPassword asks for a password, as Graph does, since scripts send one; it is not
// kept: nobody signs in with a password here.
func checkPassword(_ *userInput, v value) error {
	if v.member("password").text() == "" {
		return idp.Errorf(idp.Invalid, "A password must be specified to create a new user.")
	}
	return nil
}

func creationType(_ *call, u *idp.User) any {
	if u.External.State == "" {
		return nil
	}
	return "Invitation"
}

// validFrom is the beginning of what may still be good.
func validFrom(_ *call, u *idp.User) any {
	if u.SessionsValidFrom.IsZero() {
		return u.CreatedAt
	}
	return u.SessionsValidFrom
}
