package graph

import "encoding/json"

const (
	tokenPurpose = "graph-page"
	maxToken     = 8 << 10
)

// nextLink is where the next page is. Its token holds for this tenant, path and query
// alone, so that it neither reads elsewhere nor mixes pages of two queries.
func (c *call) nextLink(at position) string {
	plain, err := json.Marshal(at)
	if err != nil {
		panic(err) // strings
	}
	token := c.Keys.Seal(tokenPurpose, c.Tenant.TenantID, c.tokenContext(), plain)
	query := c.query.encoded()
	if query != "" {
		query += "&"
	}
	return c.Base + c.request.URL.EscapedPath() + "?" + query + "$skiptoken=" + token
}

// openToken is the position in $skiptoken; nil on the first page.
func (c *call) openToken() (*position, error) {
	if c.query.token == "" {
		return nil, nil
	}
	if len(c.query.token) > maxToken {
		return nil, badToken()
	}
	plain, err := c.Keys.Open(tokenPurpose, c.Tenant.TenantID, c.tokenContext(), c.query.token)
	if err != nil {
		return nil, badToken()
	}
	at := &position{}
	if json.Unmarshal(plain, at) != nil {
		return nil, badToken()
	}
	return at, nil
}

func (c *call) tokenContext() string { return c.request.URL.EscapedPath() + "?" + c.query.encoded() }
