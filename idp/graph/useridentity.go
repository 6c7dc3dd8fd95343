package graph

import (
	"regexp"
	"slices"

	"latchkey/idp"
)

// What is told of users that is not in their record, or not for everybody who may read it.

var identity = complexOf(
	field{name: "signInType", kind: edmString},
	field{name: "issuer", kind: edmString},
	field{name: "issuerAssignedId", kind: edmString},
)

// identities are what a user is known by: the name here and, of somebody who has redeemed an
// invitation by a code, the address at which codes reach them.
func identities(c *call, u *idp.User) any {
	return append(linkedIdentities(c, u), ownIdentities(c, u)...)
}

// linkedIdentities are who a user is at providers elsewhere, or at home in another organization
// of the deployment.
func linkedIdentities(c *call, u *idp.User) []object {
	out := []object{}
	for _, i := range c.linked[u.UserID] {
		issuer := i.Issuer
		if idp.IsID(issuer) {
			issuer = "ExternalAzureAD"
		}
		out = append(out, object{"signInType": "federated", "issuer": issuer, "issuerAssignedId": i.Subject})
	}
	return out
}

func ownIdentities(c *call, u *idp.User) []object {
	here := object{"signInType": "userPrincipalName", "issuer": c.Tenant.Domains[0], "issuerAssignedId": shownName(u)}
	address := c.mailboxes[u.UserID]
	if u.External.State != idp.Accepted || u.External.Source != idp.SourceMail || address == "" {
		return []object{here}
	}
	return []object{{"signInType": "federated", "issuer": "mail", "issuerAssignedId": address}, here}
}

var activityKind = complexOf(
	field{name: "lastSignInDateTime", kind: edmDateTime}, field{name: "lastSignInRequestId", kind: edmString},
	field{name: "lastNonInteractiveSignInDateTime", kind: edmDateTime}, field{name: "lastNonInteractiveSignInRequestId", kind: edmString},
	field{name: "lastSuccessfulSignInDateTime", kind: edmDateTime}, field{name: "lastSuccessfulSignInRequestId", kind: edmString},
)

// signInActivity is null for who never signed in. Which request it was, and tries that failed,
// are in the log alone.
func signInActivity(_ *call, u *idp.User) any {
	if u.SignedInAt.IsZero() {
		return nil
	}
	return object{
		"lastSignInDateTime": u.SignedInAt, "lastSignInRequestId": nil,
		"lastNonInteractiveSignInDateTime": nil, "lastNonInteractiveSignInRequestId": nil,
		"lastSuccessfulSignInDateTime": u.SignedInAt, "lastSuccessfulSignInRequestId": nil,
	}
}

// prepareUsers reads what the properties that the query names take beside the records.
func prepareUsers(c *call, us []*idp.User) (err error) {
	if c.query.names("signInActivity") {
		if err := c.Admin.MayReadLogs(c.ctx(), c.Actor, c.Tenant.TenantID); err != nil {
			return err
		}
	}
	if c.query.names("identities") {
		if c.mailboxes, err = c.Admin.Mailboxes(c.ctx(), c.Actor, c.Tenant.TenantID, us); err == nil {
			c.linked, err = c.Admin.IdentitiesOf(c.ctx(), c.Actor, c.Tenant.TenantID, us)
		}
	}
	return err
}

// prepareObjects is prepareUsers of the users among objects that the caller may read.
func prepareObjects(c *call, all []directoryObject) error {
	var us []*idp.User
	for _, o := range all {
		if o.user != nil && o.user.PrincipalName != "" {
			us = append(us, o.user)
		}
	}
	return prepareUsers(c, us)
}

// names tells whether the query may be about a property, in whichever of its options. It takes
// for the same what findField does, which is more than what is the same in lower case.
func (q *query) names(property string) bool {
	named := regexp.MustCompile("(?i)" + regexp.QuoteMeta(property))
	return slices.ContainsFunc(q.pairs, func(p pair) bool { return named.MatchString(p.value) })
}
