package graph

import (
	"net/http"

	"latchkey/idp"
	"latchkey/idp/signin"
)

// explainBody says from which app; none is one of Latchkey's own pages.
var explainBody = &entity[none, *string]{name: "explainSignInBody", properties: []property[none, *string]{{
	name: "clientId", kind: edmString,
	set: func(in *string, v value) error {
		*in = v.text()
		return nil
	},
}}}

// explanations tell what somebody would be asked, and why nothing else. Microsoft has no
// such thing.
var explanations = &entity[signin.Explanation, none]{
	name: "signInExplanation",
	properties: []property[signin.Explanation, none]{
		{name: "step", kind: enumOf(string(idp.Identify), string(idp.Ask), string(idp.ConsentStep), string(idp.RedeemStep), string(idp.Refuse), string(idp.Issue)),
			get: func(_ *call, x signin.Explanation) any { return x.Decision.Step }},
		{name: "method", kind: edmString, get: func(_ *call, x signin.Explanation) any { return nonEmpty(string(x.Decision.Method)) }},
		{name: "userId", kind: edmString, get: func(_ *call, x signin.Explanation) any { return x.User.UserID }},
		{name: "userPrincipalName", kind: edmString, get: func(_ *call, x signin.Explanation) any { return x.User.PrincipalName }},
		{name: "clientId", kind: edmString, get: ofClient(func(c *idp.Client) any { return c.ClientID })},
		{name: "clientDisplayName", kind: edmString, get: ofClient(func(c *idp.Client) any { return c.Name })},
		{
			name: "methods", kind: listOf(complexOf(
				field{name: "method", kind: edmString}, field{name: "displayName", kind: edmString},
				field{name: "isOffered", kind: edmBoolean}, field{name: "reason", kind: edmString},
				field{name: "isPhishingResistant", kind: edmBoolean}, field{name: "satisfiesMultiFactor", kind: edmBoolean},
			)),
			get: func(_ *call, x signin.Explanation) any { return offerObjects(x.Decision.Offers) },
		},
		{name: "redemption", kind: redemptionKind, get: func(_ *call, x signin.Explanation) any { return explainedRedemption(x.Redemption) }},
	},
}

// ofClient is null for Latchkey's own pages.
func ofClient(get func(*idp.Client) any) func(*call, signin.Explanation) any {
	return func(_ *call, x signin.Explanation) any {
		if x.Client == nil {
			return nil
		}
		return get(x.Client)
	}
}

// explainedRedemption is null for the tenant's own, who redeem nothing.
func explainedRedemption(r *idp.Redemption) any {
	if r == nil {
		return nil
	}
	return redemptionObject(*r)
}

func offerObjects(offers []idp.Offer) []object {
	out := make([]object, len(offers))
	for i, o := range offers {
		out[i] = object{
			"method": string(o.Info.Kind), "displayName": o.Info.Name,
			"isOffered": o.Reason == idp.Offered, "reason": nonEmpty(string(o.Reason)),
			"isPhishingResistant": o.Info.PhishingResistant, "satisfiesMultiFactor": o.Info.MFA,
		}
	}
	return out
}

func explainRoutes() []route {
	return []route{{
		method: http.MethodPost, path: "/users/{user}/authentication/explainSignIn", handle: explain, family: authMethods, emptyBody: true,
		context: "microsoft.graph.signInExplanation", summary: "Tell what a user would be asked at sign-in, and why nothing else",
		action: idp.ExplainSignIn, in: explainBody, out: explanations,
	}}
}

func explain(c *call) (reply, error) {
	var client string
	if err := explainBody.readNew(c, &client); err != nil {
		return reply{}, err
	}
	x, err := c.Signin.Explain(c.ctx(), c.Actor, c.Tenant, c.key("user"), client, c.now)
	if err != nil {
		return reply{}, err
	}
	return explanations.single(c, x), nil
}
