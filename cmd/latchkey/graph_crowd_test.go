//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/config"
	"latchkey/idp"
	"latchkey/storage"
)

// crowd is a deployment with one organization of many, whose admin API is called without a
// network between.
type crowd struct {
	*testing.B
	server  *server
	handler http.Handler
	tenant  *idp.Tenant
	access  string // of an app, which is relieved by another when it is asked to slow down
	apps    int
}

const crowdSize, crowdBatch = 100_000, 5_000

func newCrowd(b *testing.B) *crowd {
	b.Helper()
	cfg := config.Defaults()
	cfg.Data = filepath.Join(b.TempDir(), "d")
	cfg.Listen, cfg.MetricsListen = "localhost:0", ""
	if err := createData(cfg); err != nil {
		b.Fatal(err)
	}
	s, err := openServer(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	c := &crowd{B: b, server: s}
	if c.handler, err = newHandler(*s.deps); err != nil {
		b.Fatal(err)
	}
	if c.tenant, err = s.Admin.CreateTenant(b.Context(), demoActor, "Crowd", "crowd.example"); err != nil {
		b.Fatal(err)
	}
	for at := 0; at < crowdSize; at += crowdBatch {
		c.seed(at)
	}
	c.relieve()
	return c
}

// seed makes a batch of people: of every 20 one begins with A, and of 10,000 one is in the
// department Rare.
func (c *crowd) seed(at int) {
	c.Helper()
	err := c.server.Store.Update(c.Context(), c.tenant.TenantID, func(tx *storage.Tx) error {
		for i := at; i < at+crowdBatch; i++ {
			given, family := demoGivenNames[i%len(demoGivenNames)], demoFamilyNames[i/20%len(demoFamilyNames)]
			name := fmt.Sprintf("user%06d@crowd.example", i)
			department := "Everything else"
			if i%10_000 == 5_000 {
				department = "Rare"
			}
			err := tx.Insert(&idp.User{
				UserID: idp.NewID(), PrincipalName: name, DisplayName: fmt.Sprintf("%s %s %d", given, family, i), Type: idp.Member, Disabled: i%20 == 7,
				Profile: idp.Profile{GivenName: given, FamilyName: family, Email: name}, Work: idp.Work{JobTitle: "Clerk", Department: department},
				CreatedAt: c.tenant.CreatedAt,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		c.Fatal(err)
	}
}

// relieve lets another app go on.
func (c *crowd) relieve() {
	c.Helper()
	c.apps++
	client, secret, err := c.server.Admin.CreateClient(c.Context(), demoActor, c.tenant.TenantID, idp.Client{
		Name: fmt.Sprint("Reader ", c.apps), AuthMethod: idp.AuthBasic, GrantTypes: []string{idp.GrantClient},
		Permissions: []string{idp.ScopeOf(idp.GraphID, "User.Read.All")},
	})
	if err != nil {
		c.Fatal(err)
	}
	form := url.Values{"grant_type": {idp.GrantClient}, "scope": {idp.ScopeOf(idp.GraphID, idp.EveryScope)}}
	r := httptest.NewRequest(http.MethodPost, "/"+c.tenant.TenantID+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(client.ClientID, secret)
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	var g graphToken
	if err := json.Unmarshal(w.Body.Bytes(), &g); err != nil || g.Access == "" {
		c.Fatal(w.Code, w.Body)
	}
	c.access = g.Access
}

// crowdPage is as much of a page as is looked at.
type crowdPage struct {
	Count int    `json:"@odata.count"`
	Next  string `json:"@odata.nextLink"`
	Value []struct{ ID string }
}

// get reads a page and tells how long the handler took.
func (c *crowd) get(address string) (p crowdPage, took time.Duration) {
	c.Helper()
	r := httptest.NewRequest(http.MethodGet, address, nil)
	r.Header.Set("Authorization", "Bearer "+c.access)
	r.Header.Set("ConsistencyLevel", "eventual")
	w := httptest.NewRecorder()
	begin := time.Now()
	c.handler.ServeHTTP(w, r)
	took = time.Since(begin)
	if w.Code == http.StatusTooManyRequests {
		c.relieve()
		return c.get(address)
	}
	if w.Code != http.StatusOK {
		c.Fatalf("%s: %d %.300s", address, w.Code, w.Body)
	}
	if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			c.Fatal(err)
		}
	} else {
		fmt.Sscan(w.Body.String(), &p.Count)
	}
	return p, took
}
