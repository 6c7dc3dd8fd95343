package graph

import (
	"net/http"

	"latchkey/idp"
)

// unheldKind is a kind of method that Graph knows and nobody has here yet.
type unheldKind struct {
	segment string
	shape   *entity[none, none]
}

var unheld = []unheldKind{
	{"emailMethods", unheldEntity("emailAuthenticationMethod", field{name: "emailAddress", kind: edmString})},
	{"phoneMethods", unheldEntity("phoneAuthenticationMethod",
		field{name: "phoneNumber", kind: edmString}, field{name: "phoneType", kind: enumOf("mobile", "alternateMobile", "office")},
		field{name: "smsSignInState", kind: edmString})},
	{"softwareOathMethods", unheldEntity("softwareOathAuthenticationMethod", field{name: "secretKey", kind: edmString})},
	{"windowsHelloForBusinessMethods", unheldEntity("windowsHelloForBusinessAuthenticationMethod",
		field{name: "displayName", kind: edmString}, field{name: "keyStrength", kind: enumOf("normal", "weak", "unknown")})},
}

// unheldEntity says what such a method is like, for query options and the document.
func unheldEntity(name string, more ...field) *entity[none, none] {
	e := &entity[none, none]{name: name}
	for _, f := range append([]field{{name: "id", kind: edmString}, {name: "createdDateTime", kind: edmDateTime}}, more...) {
		e.properties = append(e.properties, property[none, none]{name: f.name, kind: f.kind, flags: f.flags})
	}
	return e
}

func (k unheldKind) routes() []route {
	path := "/users/{user}/authentication/" + k.segment
	return []route{
		{
			method: http.MethodGet, path: path, me: true, counts: true, family: authMethods, options: collectionOptions,
			handle: func(c *call) (reply, error) {
				if _, err := c.heldMethods(); err != nil {
					return reply{}, err
				}
				return k.shape.list(c, k.shape.slice(nil))
			},
			summary: "List methods that nobody has here yet", action: idp.ReadMethods, out: k.shape, many: true,
		},
		{
			method: http.MethodGet, path: path + "/{id}", handle: noneHeld, me: true, family: authMethods, options: itemOptions,
			summary: "Read a method that nobody has here yet", action: idp.ReadMethods, out: k.shape,
		},
	}
}

// noneHeld answers for one of what nobody has, to those who might have seen it.
func noneHeld(c *call) (reply, error) {
	if _, err := c.heldMethods(); err != nil {
		return reply{}, err
	}
	return reply{}, noMethod(c)
}

var operations = unheldEntity("longRunningOperation",
	field{name: "lastActionDateTime", kind: edmDateTime}, field{name: "resourceLocation", kind: edmString},
	field{name: "status", kind: enumOf("notStarted", "running", "succeeded", "failed")}, field{name: "statusDetail", kind: edmString})
