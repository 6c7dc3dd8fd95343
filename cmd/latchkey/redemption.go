package main

import "latchkey/idp"

// redemptionView is which way somebody from outside signs in, and why no other.
type redemptionView struct {
	Source   string    `json:"source"`   // empty: no way is open
	Redeemed bool      `json:"redeemed"` // the guest has redeemed in one way and stays with it
	Ways     []wayView `json:"ways"`     // in the order in which they are tried
}

// wayView is one way, and why it is or is not theirs.
type wayView struct {
	Source string `json:"source"`
	Name   string `json:"name"`
	Theirs bool   `json:"theirs"`
	Reason string `json:"reason"` // why not, for programs; see reasons
	Why    string `json:"why"`    // the same for people, and why it is theirs
}

func viewRedemption(r idp.Redemption) redemptionView {
	return redemptionView{string(r.Source), r.Sticky, each(r.Ways, func(w idp.RedemptionWay) wayView {
		why := reasonOf(w.Reason)
		v := wayView{string(w.Source), wayName(w.Source), w.Reason == idp.Offered, why.name, why.words}
		switch {
		case v.Theirs && r.Sticky:
			v.Why = "the guest has redeemed in this way"
		case v.Theirs:
			v.Why = "it is the first way that is open"
		}
		return v
	})}
}

// wayName is a way as people read it.
func wayName(s idp.Source) string {
	switch s {
	case idp.SourceHome:
		return "account of another organization here"
	case idp.SourceProvider:
		return "provider of their domain"
	case idp.SourceMail:
		return "code by mail"
	}
	return string(s)
}

// showWays tells of each way whether it is theirs, and why.
func showWays(p *printer, r redemptionView) {
	p.table("", []string{"WAY", "THEIRS", "WHY"}, each(r.Ways, func(w wayView) []string {
		return []string{w.Name, yesNo(w.Theirs), w.Why}
	}))
}

// bySource is the way in the middle of a sentence.
func (r redemptionView) bySource() string { return "by this way: " + wayName(idp.Source(r.Source)) }
