package admin

import (
	"fmt"
	"strings"
	"time"

	"latchkey/idp"
)

// readinessFacts is all that a report rests on.
type readinessFacts struct {
	Disabled bool
	External bool
	Helpable bool      // the policy allows them a pass, so that an administrator can help
	Addable  bool      // the policy lets them register a passkey
	Mail     bool      // there is an address to tell them of changes
	PassFrom time.Time // of a pass that will be usable; zero: none
	PassTo   time.Time // until when the pass can be used that can be now; zero: none
	PassOnce bool
	Synced   int // usable passkeys, by kind
	Bound    int
	Devices  int  // by which they can sign in
	Password bool // there is one, and it is usable
}

func readinessFactsOf(policy *idp.MethodsPolicy, held Methods, now time.Time) readinessFacts {
	u, passes := held.User, policy.TemporaryAccessPass
	f := readinessFacts{
		Disabled: u.Disabled, External: u.Type.External(), Helpable: passes.Bars(u) == idp.Offered,
		Addable: policy.Passkey.Registrable(u, true) == idp.Offered, Mail: u.Profile.Email != "" || len(u.OtherMails) > 0,
		Password: held.PasswordUsable(),
	}
	if held.Pass != nil {
		p := held.Pass.Pass
		switch f.PassOnce = p.Once; {
		case held.Pass.Usable():
			f.PassTo = p.EndsAt()
		case held.Pass.Reason == idp.NotYetValid && p.Usability(passes, u, p.StartsAt) == idp.EnabledByPolicy:
			f.PassFrom = p.StartsAt
		}
	}
	for _, k := range held.Passkeys {
		switch {
		case k.Reason != idp.Offered:
		case k.Synced:
			f.Synced++
		default:
			f.Bound++
		}
	}
	for _, d := range held.Authenticators {
		if d.Reason == idp.Offered {
			f.Devices++
		}
	}
	return f
}

func (f readinessFacts) report(u *idp.User) ReadinessReport {
	r := ReadinessReport{User: u, Level: f.level(), Ways: []string{}}
	if r.Level == AccountDisabled || r.Level == ProvedElsewhere {
		return r
	}
	r.Ways, r.Missing, r.Credentials = f.ways(), f.missing(), f.lasting()
	for _, more := range []bool{!f.PassTo.IsZero(), f.Password} {
		if more {
			r.Credentials++
		}
	}
	return r
}

// lasting are the credentials that are there to stay and need no other beside them.
func (f readinessFacts) lasting() int { return f.Synced + f.Bound + f.Devices }

// level looks at what lasts: a pass ends, and a password is not enough to register a
// passkey by.
func (f readinessFacts) level() string {
	switch keys := f.lasting(); {
	case f.Disabled:
		return AccountDisabled
	case f.External:
		return ProvedElsewhere
	case keys > 1, f.Synced == 1 && f.Helpable:
		return Ready
	case keys == 1:
		return OneCredential
	case f.Password:
		return PasswordOnly
	case !f.PassTo.IsZero():
		return PassOnly
	case f.Helpable:
		return HelpNeeded
	}
	return Stuck
}

// ways are what works now, in words.
func (f readinessFacts) ways() []string {
	ways := []string{}
	if f.Synced > 0 {
		ways = append(ways, counted(f.Synced, "synced passkey", "synced passkeys"))
	}
	if f.Bound > 0 {
		ways = append(ways, counted(f.Bound, "device-bound passkey", "device-bound passkeys"))
	}
	if f.Devices > 0 {
		ways = append(ways, counted(f.Devices, "phone or other device", "phones or other devices"))
	}
	switch {
	case f.PassTo.IsZero():
	case f.PassOnce:
		ways = append(ways, "a one-time pass until "+readable(f.PassTo))
	default:
		ways = append(ways, "a pass until "+readable(f.PassTo))
	}
	if f.Password {
		ways = append(ways, "a password")
	}
	return ways
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func readable(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// missing is what would make the person ready, in a sentence.
func (f readinessFacts) missing() string {
	wants := f.wants()
	switch {
	case f.Mail:
	case wants == "":
		wants = "an address to tell them of changes by mail"
	default:
		wants += "; and an address to tell them of changes by mail"
	}
	if wants == "" {
		return ""
	}
	return strings.ToUpper(wants[:1]) + wants[1:] + "."
}

func (f readinessFacts) wants() string {
	switch f.level() {
	case OneCredential:
		which := "a second passkey"
		if f.Devices > 0 {
			which = "a passkey beside the device"
		}
		return f.passkey(which, "") + f.unless("if this one is lost, only an administrator can help, by a pass")
	case PasswordOnly, PassOnly:
		before := ""
		if !f.PassTo.IsZero() {
			before = ", before the pass ends at " + readable(f.PassTo)
		}
		return f.passkey("a passkey", before) + f.unless("")
	case HelpNeeded:
		if !f.PassFrom.IsZero() {
			return "anything to sign in with before the pass that begins at " + readable(f.PassFrom)
		}
		return "a pass, which an administrator can give now"
	case Stuck:
		return "anything to sign in with, and a policy that allows them a pass"
	}
	return ""
}

// passkey is that one is missing, and whether they can do something about it.
func (f readinessFacts) passkey(which, when string) string {
	if !f.Addable {
		return which + ", which the policy does not let them register"
	}
	return which + when
}

// unless is who can help; then is what to say where an administrator can.
func (f readinessFacts) unless(then string) string {
	if !f.Helpable {
		then = "the policy allows them no pass, so that no administrator can help"
	}
	if then == "" {
		return ""
	}
	return ": " + then
}
