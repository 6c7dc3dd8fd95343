package idp

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"latchkey/storage"
)

// DomainClaim is a domain that a tenant wants and has not proved to have. It is good for
// nothing: several tenants may want one.
type DomainClaim struct {
	Domain    string
	CreatedAt time.Time
}

// MaxDomainClaims is how many a tenant has at a time.
const MaxDomainClaims = 100

// Kind names the record.
func (*DomainClaim) Kind() string { return "domainclaim" }

// ID is the domain.
func (c *DomainClaim) ID() string { return c.Domain }

// Indexes has none.
func (*DomainClaim) Indexes() []storage.Index { return nil }

// domainRecord begins what stands in DNS to prove a domain.
const domainRecord = "latchkey-domain-verification="

// DomainRecord is the text of the TXT record at a domain that proves that it is a tenant's. It
// is the same each time, and another for every tenant.
func (k *Keyring) DomainRecord(tenant, domain string) string {
	return domainRecord + hex.EncodeToString(k.MAC("domain-verification", tenant, domain)[:16])
}

// ProvesDomain tells whether one of the records of a domain is the one that is wanted, whole.
func ProvesDomain(records []string, want string) bool {
	return slices.ContainsFunc(records, func(r string) bool { return strings.TrimSpace(r) == want })
}

// DefaultDomain is the one that new names take where nobody says another.
func (t *Tenant) DefaultDomain() string { return cmp.Or(t.Default, t.Domains[0]) }
