package graph

import (
	"net/http"
	"slices"
	"strings"

	"latchkey/idp"
	"latchkey/idp/admin"
)

// summary counts users by what they have.
type summary struct {
	types, roles string // of the users who are counted
	total        int
	counts       map[string]int
}

// summaryOf is a kind of summary: it counts by each of names, in its property counts,
// whose items call that called.
type summaryOf struct {
	function, summary    string
	name, counts, called string
	names                []string
	has                  func(*call, admin.Methods, string) bool
}

var summaries = []summaryOf{
	{
		"usersRegisteredByMethod", "Count users by what they have to sign in with",
		"userRegistrationMethodSummary", "userRegistrationMethodCounts", "authenticationMethod",
		reportedMethods, hasMethod,
	},
	{
		"usersRegisteredByFeature", "Count users by what they are able to do",
		"userRegistrationFeatureSummary", "userRegistrationFeatureCounts", "feature",
		[]string{"ssprRegistered", "ssprEnabled", "ssprCapable", "passwordlessCapable", "mfaCapable"}, hasFeature,
	},
}

func hasMethod(_ *call, r admin.Methods, name string) bool {
	return slices.Contains(registeredNames(r), name)
}

// hasFeature reads the property of the details that tells of a feature.
func hasFeature(c *call, r admin.Methods, name string) bool {
	return registrationDetails.lookup(c, r)("is"+strings.ToUpper(name[:1])+name[1:]) == true
}

// What includedUserTypes and includedUserRoles may be.
var (
	userTypes = []string{"all", "member", "guest"}
	userRoles = []string{"all", "privilegedAdmin", "admin", "user"}
)

func (of summaryOf) entity() *entity[*summary, none] {
	return &entity[*summary, none]{name: of.name, properties: []property[*summary, none]{
		{name: "totalUserCount", kind: edmInt32, get: func(_ *call, s *summary) any { return s.total }},
		{
			name: of.counts, kind: listOf(complexOf(field{name: of.called, kind: edmString}, field{name: "userCount", kind: edmInt32})),
			get: func(_ *call, s *summary) any { return of.objects(s) },
		},
		{name: "userTypes", kind: enumOf(userTypes...), get: func(_ *call, s *summary) any { return s.types }},
		{name: "userRoles", kind: enumOf(userRoles...), get: func(_ *call, s *summary) any { return s.roles }},
	}}
}

func (of summaryOf) objects(s *summary) []object {
	out := make([]object, len(of.names))
	for i, name := range of.names {
		out[i] = object{of.called: name, "userCount": s.counts[name]}
	}
	return out
}

// summaryRoutes has each function with its arguments, and without, which stands for all.
func summaryRoutes() (rows []route) {
	for _, of := range summaries {
		shape := of.entity()
		for _, arguments := range []string{"", "(includedUserTypes={types},includedUserRoles={roles})"} {
			rows = append(rows, route{
				method: http.MethodGet, path: reportsPath + "/" + of.function + arguments, context: "microsoft.graph." + of.name,
				summary: of.summary, action: idp.ReadReports, out: shape,
				handle: func(c *call) (reply, error) {
					s, err := of.read(c)
					if err != nil {
						return reply{}, err
					}
					return shape.single(c, s), nil
				},
			})
		}
	}
	return rows
}

// read counts over all users.
func (of summaryOf) read(c *call) (*summary, error) {
	s := &summary{counts: map[string]int{}}
	var err error
	if s.types, err = included(c.param("types"), userTypes); err != nil {
		return nil, err
	}
	if s.roles, err = included(c.param("roles"), userRoles); err != nil {
		return nil, err
	}
	return s, registrationDetails.each(c, c.registrations, func(r admin.Methods) {
		if !s.includes(r.User) {
			return
		}
		s.total++
		for _, name := range of.names {
			if of.has(c, r, name) {
				s.counts[name]++
			}
		}
	})
}

// included is an argument as it is spelt; without it, all.
func included(given string, of []string) (string, error) {
	if given == "" {
		return of[0], nil
	}
	i := slices.IndexFunc(of, func(s string) bool { return strings.EqualFold(s, given) })
	if i < 0 {
		return "", badQuery("Invalid argument '" + given + "': it must be one of " + strings.Join(of, ", ") + ".")
	}
	return of[i], nil
}

func (s *summary) includes(u *idp.User) bool {
	if s.types != "all" && s.types != memberOrGuest(u) {
		return false
	}
	switch s.roles {
	case "privilegedAdmin":
		return idp.Object{User: u}.Privileged()
	case "admin":
		return len(u.Roles) > 0
	case "user":
		return len(u.Roles) == 0
	}
	return true
}
