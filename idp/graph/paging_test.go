package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestPages: links followed to the end give each item once, in order, whatever is asked.
func TestPages(t *testing.T) {
	w := newWorld(t, 1234)
	for query, want := range map[string]func(*toy) bool{
		"":                          func(*toy) bool { return true },
		"?$top=999":                 func(*toy) bool { return true },
		"?$top=617":                 func(*toy) bool { return true },
		"?$filter=good eq true":     func(t *toy) bool { return t.Good },
		"?$filter=size eq 5&$top=3": func(t *toy) bool { return t.Size == 5 },
		"?$top=2&$filter=size eq 5 and tags/any(x:x eq 'tag1')": func(t *toy) bool { return t.Size == 5 && t.Tags[1] == "tag1" },
		"?$filter=size eq -1":               func(*toy) bool { return false },
		"?$orderby=id desc&$select=id":      func(*toy) bool { return true },
		"?$orderby=size&$filter=size eq 96": func(t *toy) bool { return t.Size == 96 },
	} {
		got, pages := w.all("/v1.0/toys" + strings.ReplaceAll(query, " ", "%20"))
		var ids []string
		for _, toy := range w.box.toys {
			if want(toy) {
				ids = append(ids, toy.ID)
			}
		}
		if strings.Contains(query, "desc") {
			slices.Reverse(ids)
		}
		if !slices.Equal(got, ids) {
			t.Errorf("%s: %d items on %d pages, want %d", query, len(got), pages, len(ids))
		}
		if exact := strings.HasSuffix(query, "=617"); exact && pages != 2 {
			t.Errorf("%s: %d pages", query, pages)
		}
	}
}

// TestScanBudget: a filter that few items pass does not read everything at once.
func TestScanBudget(t *testing.T) {
	w := newWorld(t, 12_000)
	w.box.toys[11_500].Name = "needle"
	a := w.get("/v1.0/toys?$filter=displayName%20eq%20'needle'")
	if ids := a.ids(); len(ids) > 0 || a.json()["@odata.nextLink"] == nil {
		t.Errorf("%s", a.Body)
	}
	if ids, pages := w.all("/v1.0/toys?$filter=displayName%20eq%20'needle'"); len(ids) != 1 || pages != 3 {
		t.Errorf("%v on %d pages", ids, pages)
	}
}

// TestOrderedPages: pages of an order are what sorting everything would give.
func TestOrderedPages(t *testing.T) {
	w := newWorld(t, 10_000)
	got, pages := w.all("/v1.0/toys?$orderby=size%20desc,displayName&$top=700&$select=id")
	sorted := slices.Clone(w.box.toys)
	slices.SortFunc(sorted, func(a, b *toy) int {
		if a.Size != b.Size {
			return b.Size - a.Size
		}
		return strings.Compare(strings.ToLower(a.Name)+a.ID, strings.ToLower(b.Name)+b.ID)
	})
	for i, toy := range sorted {
		if i >= len(got) || got[i] != toy.ID {
			t.Fatalf("%d of %d items on %d pages, the %dth differs", len(got), len(sorted), pages, i)
		}
	}
	if len(got) != len(sorted) || pages != 15 {
		t.Errorf("%d items on %d pages", len(got), pages)
	}
}

// TestSortKeys: text sorts as the values do.
func TestSortKeys(t *testing.T) {
	ordered := []any{nil, int64(-5), -2.5, int64(0), 0.5, int64(3), int64(1 << 40)}
	for i := range len(ordered) - 1 {
		if a, b := sortKey(ordered[i]), sortKey(ordered[i+1]); a >= b {
			t.Errorf("%v sorts as %s, %v as %s", ordered[i], a, ordered[i+1], b)
		}
	}
	if sortKey(epoch) >= sortKey(epoch.Add(1)) || sortKey(false) >= sortKey(true) || sortKey("A") != sortKey("a") {
		t.Error("times, truths or texts")
	}
}

// TestTokens: a token reads for its tenant, path and query alone.
func TestTokens(t *testing.T) {
	w := newWorld(t, 50)
	first := w.get("/v1.0/toys?$top=10&$count=true&$filter=good%20eq%20true")
	link := first.json()["@odata.nextLink"].(string)
	path, token, _ := strings.Cut(strings.TrimPrefix(link, base), "&$skiptoken=")
	if first.json()["@odata.count"] != 25.0 || !strings.HasPrefix(link, base+"/v1.0/toys?$top=10&$count=true&$filter=good%20eq%20true&$skiptoken=") {
		t.Errorf("%s", link)
	}
	second := w.get(path + "&$skiptoken=" + token)
	if len(second.ids()) != 10 || second.json()["@odata.count"] != nil {
		t.Errorf("%s", second.Body)
	}
	if a := w.get("/v1.0/toys?%24top=10&%24count=true&%24filter=good+eq+true&%24skiptoken=" + token); len(a.ids()) != 10 {
		t.Errorf("encoded in another way: %s", a.Body)
	}
	for _, url := range []string{
		path + "&$skiptoken=" + token[:len(token)-2], path + "&$skiptoken=x", path + "&$skiptoken=" + strings.Repeat("A", 9000), path + "&$skiptoken=" + token + "A",
		"/v1.0/toys?$skiptoken=" + token, strings.Replace(path, "true", "false", 1) + "&$skiptoken=" + token, strings.Replace(path, "v1.0", "beta", 1) + "&$skiptoken=" + token,
	} {
		w.get(url).refused(400, "Directory_ExpiredPageToken")
	}
	w.get(path+"&$skiptoken="+token, "Authorization: Bearer user@0b7d4c58-0b7d-4c58-9a51-2f4e8d6b7c90").refused(400, "Directory_ExpiredPageToken")
}

// TestCount: of everything that passes, whatever the page.
func TestCount(t *testing.T) {
	w := newWorld(t, 1500)
	a := w.get("/v1.0/toys?$top=1&$count=true")
	if got := fmt.Sprint(a.json()["@odata.count"]); got != "1500" {
		t.Error(got)
	}
	if a := w.get("/v1.0/toys/$count?$filter=good%20eq%20true"); a.Body.String() != "750" {
		t.Errorf("%s", a.Body)
	}
}

// TestDerived: items of a mixed collection are rendered as what they are.
func TestDerived(t *testing.T) {
	w := newWorld(t, 2)
	mixed := &entity[*toy, none]{
		name: "thing", id: func(t *toy) string { return t.ID }, kinds: []shape{toys},
		properties: []property[*toy, none]{{name: "id", kind: edmString}},
		derived:    func(c *call, t *toy) object { return toys.typedObject(c, t) },
	}
	w.api = newAPI(w.api.Config, []route{{method: "GET", path: "/things", out: mixed, many: true, options: collectionOptions, handle: func(c *call) (reply, error) {
		return mixed.list(c, mixed.slice(w.box.toys))
	}}})
	for query, want := range map[string]string{
		"$select=id": `[{"@odata.type":"#microsoft.graph.toy","id":"t00000"},{"@odata.type":"#microsoft.graph.toy","id":"t00001"}]`,
		"$filter=size%20eq%2031%20and%20madeDateTime%20gt%202026-11-24&$select=size": `[{"@odata.type":"#microsoft.graph.toy","size":31}]`,
	} {
		if a := w.get("/v1.0/things?" + query); !strings.Contains(a.Body.String(), `"value":`+want) {
			t.Errorf("%s: %s", query, a.Body)
		}
	}
	if got := w.get("/v1.0/things?$orderby=madeDateTime%20desc").ids(); got[0] != "t00001" {
		t.Error(got)
	}
}
