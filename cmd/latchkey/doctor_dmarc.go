package main

import (
	"slices"
	"strconv"
	"strings"
)

// dmarcPolicies are what a domain can ask of receivers.
var dmarcPolicies = []string{"none", "quarantine", "reject"}

// isDMARC tells a record of DMARC from what else lies at its name (RFC 7489 6.3).
func isDMARC(text string) bool {
	name, value, _ := strings.Cut(text, "=")
	version, _, _ := strings.Cut(value, ";")
	return strings.TrimSpace(name) == "v" && strings.TrimSpace(version) == "DMARC1"
}

// judgeDMARC looks at the records at _dmarc. of a domain, or of the organizational one above,
// which is named by at then. Latchkey's mails have smtp_from in From and as their sender, so
// what SPF says of them is aligned whatever the record asks.
func judgeDMARC(domain, at string, texts []string) symptom {
	would := "v=DMARC1; p=quarantine; rua=mailto:postmaster@" + domain
	var records []string
	for _, text := range texts {
		if isDMARC(text) {
			records = append(records, text)
		}
	}
	switch len(records) {
	case 0:
		return warning("dmarc", "%s has no policy for mail in its name", domain).
			hint("Add a TXT record at _dmarc.%s: %s. Large providers refuse more and more that has none.", domain, would)
	case 1:
	default:
		return failed("dmarc", "_dmarc.%s has %d records, so that none counts", at, len(records)).hint("Leave one, such as %s", would)
	}
	tags, err := tagList(records[0])
	if err != nil {
		return failed("dmarc", "_dmarc.%s cannot be read: %s", at, err).hint("Write %s", would)
	}
	return judgePolicy(domain, at, tags, would)
}

func judgePolicy(domain, at string, tags map[string]string, would string) symptom {
	policy, tag := tags["p"], "p"
	if sub, ok := tags["sp"]; ok && at != domain {
		policy, tag = sub, "sp"
	}
	policy = strings.ToLower(policy)
	percent, err := strconv.Atoi(tags["pct"])
	partly := err == nil && percent < 100
	where := tag + "=" + policy + " at _dmarc." + at
	switch {
	case !slices.Contains(dmarcPolicies, policy):
		return failed("dmarc", "%s is no policy", where).hint("Write %s", would)
	case policy == "none":
		return warning("dmarc", "%s: who forges mail in the name of %s is not kept from it", where, domain).
			hint("%s", reportHint(tags, domain, "Once the reports show that all of yours passes, write "+tag+"=quarantine, then "+tag+"=reject."))
	case partly:
		return warning("dmarc", "%s, but for %d of 100 mails only", where, percent).hint("Remove pct=%d.", percent)
	}
	return well("dmarc", "%s; mail is from %s in both From and envelope, so SPF is aligned", where, domain).hint("%s", dmarcHint(domain, tags))
}

// reportHint asks for reports before anything that needs them.
func reportHint(tags map[string]string, domain, then string) string {
	if tags["rua"] == "" {
		then = "Add rua=mailto:postmaster@" + domain + " to be sent reports. " + then
	}
	return strings.TrimSpace(then)
}

func dmarcHint(domain string, tags map[string]string) string {
	strict := ""
	if strings.EqualFold(tags["adkim"], "s") {
		strict = "As adkim=s stands, DKIM counts only if the mail server signs with d=" + domain + " exactly."
	}
	return reportHint(tags, domain, strict)
}
