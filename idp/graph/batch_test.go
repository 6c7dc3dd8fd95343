package graph

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestBatch(t *testing.T) {
	w := newWorld(t, 2)
	a := w.send("POST", "/v1.0/$batch", `{"requests":[
		{"id":"late","method":"GET","url":"/toys/t00002","dependsOn":["make"]},
		{"id":"make","method":"post","url":"toys","headers":{"content-type":"application/json"},"body":{"displayName":"new"}},
		{"id":"gone","method":"GET","url":"/toys/none","headers":{"Authorization":"Bearer expired"}},
		{"id":"after","method":"GET","url":"/toys","dependsOn":["gone"]},
		{"id":"later","method":"GET","url":"/toys","dependsOn":["after"]},
		{"id":"count","method":"GET","url":"/toys/$count?$filter=displayName eq 'new'","dependsOn":["make"]},
		{"id":"search","method":"GET","url":"/toys?$search=\"displayName:toy\"&$top=1","headers":{"consistencylevel":"eventual"}},
		{"id":"away","method":"DELETE","url":"/toys/t00000","dependsOn":["search"]},
		{"id":"nothing","method":"GET","url":"/nothing"}]}`)
	var got struct {
		Responses []struct {
			ID      string
			Status  int
			Headers map[string]string
			Body    any
		}
	}
	if err := json.Unmarshal(a.Body.Bytes(), &got); err != nil || a.Code != 200 {
		t.Fatal(a.Code, a.Body, err)
	}
	var statuses []string
	for _, r := range got.Responses {
		statuses = append(statuses, fmt.Sprintf("%s %d", r.ID, r.Status))
	}
	if got, want := strings.Join(statuses, ","), "late 200,make 201,gone 404,after 424,later 424,count 200,search 200,away 204,nothing 404"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	r := got.Responses
	if r[0].Body.(object)["displayName"] != "new" || r[1].Headers["Location"] != base+"/v1.0/toys/t00002" || r[5].Body != "MQ==" || r[7].Body != nil {
		t.Errorf("%s", a.Body)
	}
	if link, _ := r[6].Body.(object)["@odata.nextLink"].(string); !strings.HasPrefix(link, base+"/v1.0/toys?") || len(w.get(strings.TrimPrefix(link, base), "ConsistencyLevel: eventual").ids()) != 1 {
		t.Errorf("next link %q", link)
	}
}

func TestBatchRefused(t *testing.T) {
	w := newWorld(t, 1)
	get := func(url string) string {
		return fmt.Sprintf(`{"requests":[{"id":"1","method":"GET","url":%q}]}`, url)
	}
	many := `{"id":"0","method":"GET","url":"/toys"}`
	for i := range 20 {
		many += fmt.Sprintf(`,{"id":"%d","method":"GET","url":"/toys"}`, i+1)
	}
	for _, body := range []string{
		`{}`, `{"requests":[]}`, `{"requests":{}}`, `{"requests":null}`, `{"requests":[1]}`, `{"requests":[{}]}`, `{"requests":[` + many + `]}`,
		`{"requests":[{"id":"","method":"GET","url":"/toys"}]}`, `{"requests":[{"id":"1","method":"TRACE","url":"/toys"}]}`,
		`{"requests":[{"id":"1","method":"GET","url":"/toys"},{"id":"1","method":"GET","url":"/toys"}]}`,
		`{"requests":[{"id":"1","method":"GET","url":"/toys","dependsOn":["2"]}]}`, `{"requests":[{"id":"1","method":"GET","url":"/toys","dependsOn":["1"]}]}`,
		`{"requests":[{"id":"1","method":"GET","url":"/toys","dependsOn":["2"]},{"id":"2","method":"GET","url":"/toys","dependsOn":["1"]}]}`,
		get(""), get("https://evil.example/v1.0/toys"), get("//evil.example/toys"), get("/%zz"), get("http:toys\x00"),
		get("/$batch"), get("/%24batch"), get("$BATCH"), get("/graph.$batch"), get("/microsoft.graph.$batch()"), get("/$batch('x')"), get("/$batch/"), get("/$batch?x"),
	} {
		if w.send("POST", "/v1.0/$batch", body).refused(400, "Request_BadRequest") == "" {
			t.Errorf("%s is accepted", body)
		}
	}
	w.get("/v1.0/$batch").refused(405, "Request_BadRequest")
}

// TestBatchThrottle: requests count, however they come.
func TestBatchThrottle(t *testing.T) {
	w := newWorld(t, 1)
	var requests []string
	for i := range 20 {
		requests = append(requests, fmt.Sprintf(`{"id":"%d","method":"GET","url":"/toys"}`, i))
	}
	body := `{"requests":[` + strings.Join(requests, ",") + `]}`
	for range 23 {
		w.send("POST", "/beta/$batch", body)
	}
	if a := w.send("POST", "/beta/$batch", body); a.Code != 200 || strings.Count(a.Body.String(), `"status":429`) != 4 {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}
