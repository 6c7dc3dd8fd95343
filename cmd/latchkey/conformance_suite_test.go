//go:build conformance

package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// suite is a running conformance suite, by its API.
type suite struct {
	base   string // URL without a slash at its end
	chain  []byte // its certificates, in PEM; nil over plain HTTP
	client *http.Client
}

// newSuite trusts the certificate that the suite shows now.
func newSuite(t *testing.T, address string) *suite {
	t.Helper()
	u, err := url.Parse(strings.TrimSuffix(address, "/"))
	if err != nil || u.Host == "" {
		t.Fatalf("-suite=%s is not a URL", address)
	}
	s := &suite{base: u.String(), client: &http.Client{Timeout: time.Minute}}
	if u.Scheme != "https" {
		return s
	}
	host := u.Host
	if u.Port() == "" {
		host += ":443"
	}
	c, err := tls.Dial("tcp", host, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatalf("no suite at %s: %v", address, err)
	}
	defer c.Close()
	pool := x509.NewCertPool()
	for _, cert := range c.ConnectionState().PeerCertificates {
		pool.AddCert(cert)
		s.chain = append(s.chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
	}
	s.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	return s
}

// page is the address of something to look at.
func (s *suite) page(name string, query url.Values) string {
	return s.base + "/" + name + "?" + query.Encode()
}

// call sends body and reads the answer; both may be nil.
func (s *suite) call(method, path string, query url.Values, body, answer any) error {
	var send []byte
	if body != nil {
		var err error
		if send, err = json.Marshal(body); err != nil {
			return err
		}
	}
	address := s.base + "/api/" + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	r, err := http.NewRequest(method, address, bytes.NewReader(send))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode >= 300:
		return fmt.Errorf("the suite answers %s %s with %s: %.500s", method, path, resp.Status, data)
	case answer == nil || len(data) == 0:
		return nil
	}
	return json.Unmarshal(data, answer)
}

func (s *suite) version() (string, error) {
	var v struct{ Tag, Version, Revision string }
	if err := s.call(http.MethodGet, "server", nil, nil, &v); err != nil {
		return "", err
	}
	if v.Tag == "" {
		v.Tag = v.Version
	}
	return v.Tag + " (" + v.Revision + ")", nil
}

// suitePlan is a plan as the suite made it.
type suitePlan struct {
	ID      string
	Modules []suiteModule
}

// suiteModule is one test of a plan.
type suiteModule struct {
	Name    string `json:"testModule"`
	Variant map[string]string
	again   bool // the plan has it for several response types
}

// label tells modules of one name apart.
func (m suiteModule) label() string {
	if m.again {
		return m.Name + " [" + m.Variant["response_type"] + "]"
	}
	return m.Name
}

func (s *suite) createPlan(name string, variant map[string]string, config any) (p suitePlan, err error) {
	q := url.Values{"planName": {name}}
	if err := addVariant(q, variant); err != nil {
		return p, err
	}
	if err := s.call(http.MethodPost, "plan", q, config, &p); err != nil {
		return p, err
	}
	times := map[string]int{}
	for _, m := range p.Modules {
		times[m.Name]++
	}
	for i, m := range p.Modules {
		p.Modules[i].again = times[m.Name] > 1
	}
	return p, nil
}

func (s *suite) createModule(plan string, m suiteModule) (id string, err error) {
	q := url.Values{"test": {m.Name}, "plan": {plan}}
	if err := addVariant(q, m.Variant); err != nil {
		return "", err
	}
	var made struct{ ID string }
	err = s.call(http.MethodPost, "runner", q, nil, &made)
	return made.ID, err
}

func addVariant(q url.Values, variant map[string]string) error {
	if len(variant) == 0 {
		return nil
	}
	data, err := json.Marshal(variant)
	q.Set("variant", string(data))
	return err
}

// suiteInfo is where a module stands.
type suiteInfo struct{ Status, Result string }

func (s *suite) info(id string) (i suiteInfo, err error) {
	err = s.call(http.MethodGet, "info/"+id, nil, nil, &i)
	return i, err
}

func (s *suite) start(id string) error {
	return s.call(http.MethodPost, "runner/"+id, nil, nil, nil)
}

func (s *suite) cancel(id string) error {
	return s.call(http.MethodDelete, "runner/"+id, nil, nil, nil)
}

// suiteEntry is a line of a module's log. Upload names a picture that is wanted.
type suiteEntry struct{ Src, Msg, Result, Upload string }

func (s *suite) log(id string) (entries []suiteEntry, err error) {
	err = s.call(http.MethodGet, "log/"+id, nil, nil, &entries)
	return entries, err
}

// suiteBrowser is what is to be visited, and what the suite's own browser does.
type suiteBrowser struct {
	URLs    []string
	Runners []struct{ CurrentURL, CurrentTask, CurrentCommand, LastException string }
}

func (s *suite) browser(id string) (b suiteBrowser, err error) {
	err = s.call(http.MethodGet, "runner/browser/"+id, nil, nil, &b)
	return b, err
}

func (s *suite) visited(id, address string) error {
	return s.call(http.MethodPost, "runner/browser/"+id+"/visit", url.Values{"url": {address}}, nil, nil)
}
