package main

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// tagList reads the tags of DKIM and DMARC, name=value with semicolons between
// (RFC 6376 3.2).
func tagList(record string) (map[string]string, error) {
	tags := map[string]string{}
	for part := range strings.SplitSeq(record, ";") {
		name, value, ok := strings.Cut(part, "=")
		name = strings.TrimSpace(name)
		switch {
		case !ok && name == "":
			continue
		case !ok || name == "":
			return nil, fmt.Errorf("%q is no name=value", strings.TrimSpace(part))
		}
		if _, twice := tags[name]; twice {
			return nil, fmt.Errorf("%s= is there twice", name)
		}
		tags[name] = strings.TrimSpace(value)
	}
	return tags, nil
}

// judgeDKIM looks at the TXT records of a selector, at name (RFC 6376 3.6.1).
func judgeDKIM(name string, texts []string) symptom {
	bad := func(format string, args ...any) symptom {
		return failed("dkim", name+" "+format, args...).hint("Publish the key there that the mail server signs with: v=DKIM1; k=rsa; p=…, as your mail provider gives it.")
	}
	switch len(texts) {
	case 0:
		return bad("has no record")
	case 1:
	default:
		return bad("has %d records, and which one counts is not defined", len(texts))
	}
	tags, err := tagList(texts[0])
	if err != nil {
		return bad("is no key: %s", err)
	}
	key, published := tags["p"]
	switch version, versioned := tags["v"]; {
	case versioned && (version != "DKIM1" || !strings.HasPrefix(strings.TrimSpace(texts[0]), "v")):
		return bad("is no key: it does not begin with v=DKIM1")
	case !published:
		return bad("is no key: it has no p=")
	case key == "":
		return bad("is revoked: its p= is empty")
	case !servesMail(tags["s"]):
		return bad("is no key for mail: s=%s", tags["s"])
	}
	return judgeKey(name, tags, key)
}

// servesMail reports whether a key's services have mail among them; none named are all.
func servesMail(services string) bool {
	all := strings.FieldsFunc(services, func(r rune) bool { return r == ':' || r == ' ' })
	return len(all) == 0 || slices.Contains(all, "*") || slices.Contains(all, "email")
}

func judgeKey(name string, tags map[string]string, key string) symptom {
	kind := tags["k"]
	if kind == "" {
		kind = "rsa"
	}
	bits, err := keyBits(kind, key)
	switch flags := strings.Split(tags["t"], ":"); {
	case err != nil:
		return failed("dkim", "%s is no key: %s", name, err).hint("Publish it anew. DNS consoles like to lose part of a long value: it may be split into strings of 255 characters.")
	case kind == "rsa" && bits < 1024:
		return failed("dkim", "%s is an RSA key of %d bits, which receivers pass over (RFC 8301 3.2)", name, bits).hint("Sign with a key of 2048 bits, under a new selector.")
	case kind == "rsa" && bits < 2048:
		return warning("dkim", "%s is an RSA key of %d bits", name, bits).hint("Sign with a key of 2048 bits, under a new selector.")
	case kind != "rsa":
		return warning("dkim", "%s is a key for Ed25519, which many receivers cannot check", name).hint("Sign with a key for RSA of 2048 bits as well.")
	case slices.Contains(flags, "y"):
		return warning("dkim", "%s is a key that is being tried out: t=y", name).hint("Remove t=y once mails are signed: until then a signature counts for nothing.")
	}
	return well("dkim", "%s is an RSA key of %d bits", name, bits)
}

// keyBits is the length of a published key.
func keyBits(kind, text string) (int, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return 0, errors.New("its p= is not base64")
	}
	switch kind {
	case "ed25519": // RFC 8463 4.2
		if len(der) != 32 {
			return 0, fmt.Errorf("its p= has %d bytes, and Ed25519 has 32", len(der))
		}
		return 256, nil
	case "rsa":
		return rsaBits(der)
	}
	return 0, fmt.Errorf("k=%s is no kind of key", kind)
}

// rsaBits reads a key as RFC 6376 3.6.1 has it: with or without the frame that names its
// kind, since its authors and its readers did not agree.
func rsaBits(der []byte) (int, error) {
	if key, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return key.N.BitLen(), nil
	}
	any, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return 0, errors.New("its p= cannot be read")
	}
	key, ok := any.(*rsa.PublicKey)
	if !ok {
		return 0, errors.New("its p= is not for RSA")
	}
	return key.N.BitLen(), nil
}
