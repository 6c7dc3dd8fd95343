package graph

import "latchkey/idp"

// redemptionKind is which way somebody from outside signs in as things are. Microsoft tells
// nobody before it has happened.
var redemptionKind = complexOf(
	field{name: "source", kind: enumOf(sources()...)}, field{name: "reason", kind: edmString},
	field{name: "ways", kind: listOf(complexOf(
		field{name: "source", kind: enumOf(sources()...)}, field{name: "isOffered", kind: edmBoolean}, field{name: "reason", kind: edmString},
	))},
)

func sources() []string {
	out := make([]string, len(idp.Sources))
	for i, s := range idp.Sources {
		out[i] = string(s)
	}
	return out
}

// redemptionObject has the way, or else the reason why there is none.
func redemptionObject(r idp.Redemption) object {
	ways := make([]object, len(r.Ways))
	for i, w := range r.Ways {
		ways[i] = object{"source": w.Source, "isOffered": w.Reason == idp.Offered, "reason": nonEmpty(string(w.Reason))}
	}
	return object{"source": nonEmpty(string(r.Source)), "reason": nonEmpty(string(noWay(r))), "ways": ways}
}

// noWay is why somebody cannot sign in at all: what keeps the way from them that they have
// taken before, or else the last there is.
func noWay(r idp.Redemption) (why idp.Reason) {
	if r.Source != "" {
		return idp.Offered
	}
	for _, w := range r.Ways {
		if w.Reason != idp.RedeemedOtherway {
			why = w.Reason
		}
	}
	return why
}
