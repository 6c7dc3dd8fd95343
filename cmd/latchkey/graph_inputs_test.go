package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
)

// badInput is a request that nobody's library sends, and what it is answered.
type badInput struct {
	name string
	graphRequest
	want []int
}

// badInputs are what an attacker might try who has a token. nested is how deep.
func (w *graphWorld) badInputs(victim string) []badInput {
	const users, batch, domains = "/v1.0/users", "/v1.0/$batch", "/v1.0/domains"
	user := users + "/" + victim
	get := func(name, query string, want ...int) badInput {
		return badInput{name, graphRequest{method: http.MethodGet, path: users + "?" + query}, want}
	}
	post := func(name, path, body string, want int, header ...string) badInput {
		return badInput{name, graphRequest{http.MethodPost, path, body, header}, []int{want}}
	}
	patch := func(name, body string, want int, header ...string) badInput {
		return badInput{name, graphRequest{http.MethodPatch, user, body, header}, []int{want}}
	}
	key := func(name, body string) badInput {
		return post(name, user+"/authentication/fido2Methods", body, http.StatusBadRequest)
	}
	invitation := func(name, address, more string) badInput {
		return post(name, "/v1.0/invitations", `{"inviteRedirectUrl":"https://app.example","invitedUserEmailAddress":"`+address+`"`+more+`}`, http.StatusBadRequest)
	}
	credential := func(id, client, object string) string {
		return fmt.Sprintf(`{"publicKeyCredential":{"id":%q,"response":{"clientDataJSON":%q,"attestationObject":%q}}}`, id, client, object)
	}
	deep := nested("(", 10_000, "accountEnabled%20eq%20true", ")")
	valid := `{"displayName":"Changed"}`
	media := func(t string) []string { return []string{"Content-Type", t} }
	encoded := func(e string) []string { return []string{"Content-Encoding", e} }
	return []badInput{
		get("filter in 10,000 parentheses", "$filter="+deep, 400),
		get("filter with 10,000 nots", "$filter="+nested("not(", 10_000, "accountEnabled%20eq%20true", ")"), 400),
		get("filter of 2,000 terms", "$filter="+strings.Repeat("id%20eq%20'x'%20or%20", 2_000)+"id%20eq%20'x'", 400),
		get("filter in 5,000 lambdas", "$filter="+nested("otherMails/any(x:", 2_500, "x%20eq%20'a'", ")"), 400),
		get("filter without an end", "$filter=displayName%20eq%20'", 400),
		get("filter by what is not there", "$filter=password%20eq%20'a'", 400),
		get("filter of a list of 5,000", "$filter=id%20in%20("+strings.Repeat("'x',", 5_000)+"'x')", 400),
		get("order by 1,000", "$orderby="+strings.TrimSuffix(strings.Repeat("displayName,", 1_000), ","), 400),
		get("search of 1,000", "$search="+strings.Repeat("%22displayName:a%22%20AND%20", 1_000)+"%22displayName:a%22", 400),
		get("select what is not there", "$select=Verifier", 400),
		get("expand", "$expand=manager", 400),
		get("apply", "$apply=groupby((department))", 400),
		get("top 2^31", "$top=2147483648", 400), get("top 2^63", "$top=9223372036854775808", 400),
		get("top 0", "$top=0", 400), get("top -1", "$top=-1", 400), get("top 1e3", "$top=1e3", 400), get("top twice", "$top=1&$top=2", 400),
		get("a token of no page", "$skiptoken=AAAA", 400),
		get("a token of a million", "$skiptoken="+strings.Repeat("A", 50_000), 400),
		get("an encoding that is none", "$filter=%zz", 400),
		{"a path of 1,000 segments", graphRequest{method: http.MethodGet, path: "/v1.0/users" + strings.Repeat("/a", 1_000)}, []int{400}},
		{"a name with zeros", graphRequest{method: http.MethodGet, path: users + "/%00%00"}, []int{400, 404}},
		{"a name of 10,000 bytes", graphRequest{method: http.MethodGet, path: users + "/" + strings.Repeat("a", 10_000)}, []int{400, 404}},
		{"a name that is no text", graphRequest{method: http.MethodGet, path: users + "/%ff%fe"}, []int{400, 404}},
		{"a quote", graphRequest{method: http.MethodGet, path: "/v1.0/users('')')"}, []int{400, 404}},
		{"a method that is none", graphRequest{method: http.MethodPut, path: users}, []int{405}},
		{"a path that is none", graphRequest{method: http.MethodGet, path: "/v1.0/applications"}, []int{404}},

		post("a batch of 1,000", batch, batchOf(1_000, `"/users"`), 400),
		post("a batch of none", batch, `{"requests":[]}`, 400),
		post("a batch in a batch", batch, batchOf(1, `"/$batch"`), 400),
		post("a batch in a batch, disguised", batch, batchOf(1, `"/%24batch"`), 400),
		post("a batch elsewhere", batch, batchOf(1, `"https://evil.example/users"`), 400),
		post("a batch of one another", batch, `{"requests":[{"id":"1","method":"GET","url":"/users","dependsOn":["2"]},{"id":"2","method":"GET","url":"/users","dependsOn":["1"]}]}`, 400),
		post("a batch of twins", batch, `{"requests":[{"id":"1","method":"GET","url":"/users"},{"id":"1","method":"GET","url":"/users"}]}`, 400),
		post("a batch that is no list", batch, `{"requests":{"1":1}}`, 400),

		patch("text", valid, 415, media("text/plain")...), patch("XML", valid, 415, media("application/xml")...),
		patch("a form", valid, 415, media("application/x-www-form-urlencoded")...), patch("no type", valid, 415, media("")...),
		patch("a type that is none", valid, 415, media(";;;")...),
		patch("brotli", valid, 415, encoded("br")...), patch("gzip twice", valid, 415, encoded("gzip, gzip")...),
		patch("gzip that is none", valid, 400, encoded("gzip")...),
		patch("gzip cut off", string(zipped(1 << 10)[:20]), 400, encoded("gzip")...),
		patch("a bomb of 256 MB", string(zipped(256<<20)), 413, encoded("gzip")...),
		patch("a body of 2 MB", `{"displayName":"`+strings.Repeat("a", 2<<20)+`"}`, 413),
		patch("nothing", "", 400, media("application/json")...), patch("null", "null", 400), patch("a list", "[]", 400), patch("a string", `"x"`, 400),
		patch("half an object", `{"displayName":`, 400), patch("two objects", `{}{}`, 400),
		patch("100,000 brackets", strings.Repeat("[", 100_000), 400),
		patch("objects 100,000 deep", nested(`{"a":`, 100_000, "1", "}"), 400),
		patch("a property twice", `{"displayName":"a","displayname":"b"}`, 400),
		patch("a number without end", `{"displayName":1e999999}`, 400),
		patch("a name that is an object", `{"displayName":{"a":1}}`, 400),
		patch("a name with zeros", `{"displayName":"a\u0000b"}`, 400), patch("a name of a million", `{"displayName":"`+strings.Repeat("a", 900_000)+`"}`, 400),
		patch("bytes that are no text", "{\"displayName\":\"\xff\xfe\"}", 400),
		patch("10,000 phones", `{"businessPhones":[`+strings.Repeat(`"+1",`, 10_000)+`"+1"]}`, 400),
		post("a pass of 2^31 minutes", user+"/authentication/temporaryAccessPassMethods", `{"lifetimeInMinutes":2147483648}`, 400),
		post("a pass of -1 minutes", user+"/authentication/temporaryAccessPassMethods", `{"lifetimeInMinutes":-1}`, 400),
		post("a pass in the year 9999", user+"/authentication/temporaryAccessPassMethods", `{"startDateTime":"9999-12-31T23:59:59Z"}`, 400),
		key("a passkey of nothing", `{}`), key("a passkey of null", `{"publicKeyCredential":null}`), key("a passkey of a string", `{"publicKeyCredential":"x"}`),
		key("a passkey without a response", `{"publicKeyCredential":{"id":"AAAA"}}`),
		key("a passkey of zeros", credential("AAAA", "AAAA", "AAAA")), key("a passkey that is no base64", credential("AAAA", "{}", "AAAA")),
		key("a passkey of a million", credential(strings.Repeat("A", 900_000), "AAAA", "AAAA")),
		key("a passkey with a name of a million", `{"displayName":"`+strings.Repeat("a", 900_000)+`",`+credential("AAAA", "AAAA", "AAAA")[1:]),
		key("a passkey over no challenge", credential("AAAA", "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIn0", "AAAA")),
		post("a password", user+"/authentication/methods/"+passwordMethodID+"/resetPassword", `{"newPassword":"x"}`, 400),
		{"a challenge of years", graphRequest{method: http.MethodGet, path: "/beta/users/" + victim + "/authentication/fido2Methods/creationOptions(challengeTimeoutInMinutes=525600)"}, []int{400}},
		invitation("an invitation with a header", "g@mail.example\\r\\nBcc: eve@evil.example", ""), invitation("an invitation of two", "a@b@mail.example", ""),
		invitation("an invitation that is turned around", "g\\u202e@mail.example", ""), invitation("an invitation of a million", strings.Repeat("a", 900_000)+"@mail.example", ""),
		invitation("an invitation by a name with a header", "g@mail.example", `,"invitedUserDisplayName":"G\r\nBcc: eve@evil.example"`),
		invitation("an invitation with 10,000 sponsors", "g@mail.example", `,"invitedUserSponsors":[`+strings.Repeat(`{"id":"`+victim+`"},`, 10_000)+`{"id":"`+victim+`"}]`),
		post("a domain of nothing", domains, `{}`, 400), post("a domain of null", domains, `{"id":null}`, 400), post("a domain of a number", domains, `{"id":1}`, 400),
		post("a domain of one label", domains, `{"id":"contoso"}`, 400), post("a domain that is an address", domains, `{"id":"127.0.0.1"}`, 400),
		post("a domain that is a URL", domains, `{"id":"https://contoso.com/"}`, 400), post("a domain for all", domains, `{"id":"*.com"}`, 400),
		post("a domain with zeros", domains, `{"id":"a\u0000.example"}`, 400), post("a domain of a path", domains, `{"id":"common"}`, 400),
		post("a domain of 900,000 bytes", domains, `{"id":"`+strings.Repeat("ü", 450_000)+`.example"}`, 400),
		post("a domain that is the default at once", domains, `{"id":"a.example","isDefault":true}`, 400),
		post("to verify what nobody wants", domains+"/nobody.example/verify", "", 404), post("to verify another's", domains+"/fabrikam.example/verify", "", 404),
		post("to promote another's", domains+"/fabrikam.example/promote", "", 404),
		{"no default", graphRequest{method: http.MethodPatch, path: domains + "/contoso.example", body: `{"isDefault":false}`}, []int{400}},
		{"a default of text", graphRequest{method: http.MethodPatch, path: domains + "/contoso.example", body: `{"isDefault":"true"}`}, []int{400}},
		post("1,001 ids", "/v1.0/directoryObjects/getByIds", `{"ids":[`+strings.Repeat(`"`+victim+`",`, 1_000)+`"`+victim+`"]}`, 400),
	}
}

func nested(open string, n int, inner, shut string) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
}

// batchOf is a batch of n requests for the same.
func batchOf(n int, address string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`{"id":"%d","method":"GET","url":%s}`, i, address)
	}
	return `{"requests":[` + strings.Join(all, ",") + `]}`
}

// zipped is that many zeros, compressed.
func zipped(n int) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<10)
	for ; n > 0; n -= len(zeros) {
		must(z.Write(zeros))
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}
