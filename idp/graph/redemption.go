package graph

import "latchkey/idp"

// redemptionKind is which way somebody from outside signs in as things are. Microsoft tells
// nobody before it has happened.
var redemptionKind = complexOf(
	field{name: "source", kind: enumFrom(idp.Sources)}, field{name: "reason", kind: edmString},
	field{name: "ways", kind: listOf(complexOf(
		field{name: "source", kind: enumFrom(idp.Sources)}, field{name: "isOffered", kind: edmBoolean}, field{name: "reason", kind: edmString},
	))},
)

// redemptionObject has the way, or else the reason why there is none.
func redemptionObject(r idp.Redemption) object {
	ways := make([]object, len(r.Ways))
	for i, w := range r.Ways {
		ways[i] = object{"source": w.Source, "isOffered": w.Reason == idp.Offered, "reason": nonEmpty(string(w.Reason))}
	}
	return object{"source": nonEmpty(string(r.Source)), "reason": nonEmpty(string(r.Reason())), "ways": ways}
}
