package graph

import (
	"slices"
	"strings"
	"testing"
)

// TestQueryRefused: what is not understood is not ignored.
func TestQueryRefused(t *testing.T) {
	w := newWorld(t, 3)
	for query, has := range map[string]string{
		"$top=0": "page size", "$top=1000": "page size", "$top=2147483648": "page size", "$top=-1": "page size", "$top=x": "page size", "$top=": "page size",
		"$skip=1": "not supported", "$expand=manager": "not supported", "$format=xml": "not supported", "$x": "not supported", "%24y=1": "not supported",
		"$top=1&$top=2": "more than once", "$top=1&%24TOP=2": "more than once",
		"$select=nothing": "Could not find a property named 'nothing' on type 'microsoft.graph.toy'.",
		"$select=":        "Could not find", "$select=betaNote": "Could not find",
		"$orderby=nothing": "Could not find", "$orderby=size+up": "Invalid $orderby", "$orderby=": "Invalid $orderby", "$orderby=tags": "property 'tags'", "$orderby=status": "property 'status'",
		"$orderby=size,size,size,size,size,size": "Invalid $orderby",
		"$count=yes":                             "$count", "$search=%22displayName:a%22": "ConsistencyLevel: eventual",
		"$filter=secret eq 'x'": "property 'secret'", "$filter=%zz": "encoded", "$skiptoken=forged": "page token",
	} {
		if got := w.get("/v1.0/toys?" + strings.ReplaceAll(query, " ", "%20")).refusedAny(400); !strings.Contains(got, has) {
			t.Errorf("%s: %s", query, got)
		}
	}
	w.get("/v1.0/toys/t00001?$top=1").refused(400, "BadRequest")
	w.get("/v1.0/toys/$count?$top=1").refused(400, "BadRequest")
	w.send("DELETE", "/v1.0/toys/t00001?$select=id", "").refused(400, "BadRequest")
	w.get("/v1.0/toys?$search=anna", "ConsistencyLevel: eventual").refused(400, "BadRequest")
}

func (a answered) refusedAny(status int) string {
	a.t.Helper()
	e, _ := a.json()["error"].(object)
	if a.Code != status {
		a.t.Errorf("%d %s", a.Code, a.Body)
	}
	message, _ := e["message"].(string)
	return message
}

// TestSelect: what is asked for is there and nothing else.
func TestSelect(t *testing.T) {
	w := newWorld(t, 1)
	for url, want := range map[string]string{
		"/v1.0/toys/t00000?$select=id,displayName&top=7": `{"@odata.context":"` + base + `/v1.0/$metadata#toys(id,displayName)/$entity","@odata.type":"#microsoft.graph.toy","displayName":"Toy 0 O'Brien","id":"t00000"}`,
		"/v1.0/toys/t00000?%24select=SECRET":             `{"@odata.context":"` + base + `/v1.0/$metadata#toys(secret)/$entity","@odata.type":"#microsoft.graph.toy","secret":null}`,
		"/beta/toys?$select=betaNote":                    `{"@odata.context":"` + base + `/beta/$metadata#toys(betaNote)","value":[{"@odata.type":"#microsoft.graph.toy","betaNote":"beta"}]}`,
		"/v1.0/toys/t00000": `{"@odata.context":"` + base + `/v1.0/$metadata#toys/$entity","@odata.type":"#microsoft.graph.toy","displayName":"Toy 0 O'Brien","good":true,"id":"t00000",` +
			`"madeDateTime":"2026-11-24T09:00:00Z","size":0,"state":"small","status":{"errorCode":0},"tags":["all","tag0"]}`,
	} {
		if a := w.get(url); strings.TrimSpace(a.Body.String()) != want {
			t.Errorf("%s: %s\nwant %s", url, a.Body, want)
		}
	}
}

// TestSearch: each word begins a word.
func TestSearch(t *testing.T) {
	w := newWorld(t, 0)
	for i, name := range []string{"Anna Berg", "Hanna Aberg", "Annabel O'Brien"} {
		w.box.toys = append(w.box.toys, &toy{ID: string(rune('a' + i)), Name: name, Tags: []string{"tag" + string(rune('0'+i))}})
	}
	for search, want := range map[string]string{
		`"displayName:anna"`: "ac", `"displayName:ANNA be"`: "a", `"displayName:brien"`: "c", `"displayName:x"`: "",
		`"displayName:anna" AND "tags:tag2"`: "c", `"displayName:berg" OR "tags:tag1" AND "displayName:hanna"`: "ab", `"displayName:\"anna\""`: "ac",
	} {
		ids := w.get("/v1.0/toys?$search="+escape(search), "consistencylevel: Eventual").ids()
		if got := strings.Join(ids, ""); got != want {
			t.Errorf("%s: %s, want %s", search, got, want)
		}
	}
	for _, search := range []string{``, `"`, `"displayName:"`, `"displayName:a" XOR "displayName:b"`, `"displayName:a" AND`, `"nothing:a"`, `"secret:a"`, `"size:1"`, strings.Repeat(`"displayName:a" OR `, 30) + `"displayName:a"`} {
		w.get("/v1.0/toys?$search="+escape(search), "ConsistencyLevel: eventual").refusedAny(400)
	}
	if a := w.get("/v1.0/toys/$count?$search="+escape(`"displayName:anna"`), "ConsistencyLevel: eventual"); a.Body.String() != "2" || a.Header().Get("Content-Type") != "text/plain" {
		t.Errorf("%s %v", a.Body, a.Header())
	}
}

func TestEscape(t *testing.T) {
	q, err := parseQuery("a=b+c&%24select=id%2Csize&x=%26%2b", nil, taken{options: optSelect, shape: toys})
	if err != nil || q.encoded() != "a=b%20c&$select=id,size&x=%26%2B" || !slices.Equal(q.selected, []string{"id", "size"}) {
		t.Errorf("%v %v", q, err)
	}
}
