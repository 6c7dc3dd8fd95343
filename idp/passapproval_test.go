package idp_test

import (
	"testing"
	"time"

	"latchkey/idp"
	"latchkey/storage"
)

func TestNewPassApproval(t *testing.T) {
	t.Parallel()
	once := true
	req := idp.PassRequest{StartsAt: t0.Add(time.Hour), Lifetime: 30, Once: &once, Reason: "lost phone", Actor: "bob"}
	by := idp.Party{Type: idp.ActorUser, ID: bobID, Name: "bob@contoso.example"}
	p := idp.NewPassApproval(anna(), req, by, t0)
	if !idp.IsID(p.ApprovalID) || p.ID() != p.ApprovalID || p.UserID != annaID || p.RequestedBy != by || !p.RequestedAt.Equal(t0) || p.Approved() {
		t.Errorf("%+v", p)
	}
	if x := p.Indexes(); len(x) != 1 || x[0] != (storage.Index{Name: "user", Value: annaID, Unique: true}) {
		t.Errorf("%+v", x)
	}
	if !p.Covers(req, by) {
		t.Error("does not cover its own request")
	}
	if end := t0.Add(24 * time.Hour); !p.ExpiresAt().Equal(end) || !p.Live(t0) || !p.Live(end.Add(-1)) || p.Live(end) || p.Live(end.Add(1)) {
		t.Errorf("ends %s", p.Ends)
	}
}

func TestPassApprovalCovers(t *testing.T) {
	t.Parallel()
	yes, no, alsoNo := true, false, false
	by := idp.Party{Type: idp.ActorUser, ID: bobID, Name: "bob@contoso.example"}
	full := idp.PassRequest{StartsAt: t0, Lifetime: 60, Once: &no, Reason: "lost phone"}
	with := func(change func(*idp.PassRequest)) idp.PassRequest {
		r := full
		change(&r)
		return r
	}
	for _, c := range []struct {
		name       string
		asked, now idp.PassRequest
		by         idp.Party
		want       bool
	}{
		{"the same", full, full, by, true},
		{"nothing asked for", idp.PassRequest{}, idp.PassRequest{}, by, true},
		{"the same moment elsewhere", full, with(func(r *idp.PassRequest) { r.StartsAt = t0.In(time.FixedZone("", 3600)) }), by, true},
		{"the same use", full, with(func(r *idp.PassRequest) { r.Once = &alsoNo }), by, true},
		{"another name of the actor", full, with(func(r *idp.PassRequest) { r.Actor = "bobby" }), by, true},
		{"renamed since", full, full, idp.Party{Type: idp.ActorUser, ID: bobID, Name: "robert@contoso.example"}, true},
		{"another use", full, with(func(r *idp.PassRequest) { r.Once = &yes }), by, false},
		{"the policy's use, then one", with(func(r *idp.PassRequest) { r.Once = nil }), full, by, false},
		{"a use, then the policy's", full, with(func(r *idp.PassRequest) { r.Once = nil }), by, false},
		{"later", full, with(func(r *idp.PassRequest) { r.StartsAt = t0.Add(1) }), by, false},
		{"now", full, with(func(r *idp.PassRequest) { r.StartsAt = time.Time{} }), by, false},
		{"longer", full, with(func(r *idp.PassRequest) { r.Lifetime++ }), by, false},
		{"as long as the policy says", full, with(func(r *idp.PassRequest) { r.Lifetime = 0 }), by, false},
		{"another reason", full, with(func(r *idp.PassRequest) { r.Reason += "." }), by, false},
		{"another administrator", full, full, idp.Party{Type: idp.ActorUser, ID: annaID, Name: by.Name}, false},
		{"an app of that id", full, full, idp.Party{Type: idp.ActorClient, ID: bobID, Name: by.Name}, false},
		{"the operator", full, full, idp.Party{Type: idp.ActorOperator, Name: by.Name}, false},
		{"nobody", full, full, idp.Party{}, false},
	} {
		p := idp.NewPassApproval(anna(), c.asked, by, t0)
		for _, approved := range []bool{false, true} {
			if got := p.Covers(c.now, c.by); got != c.want {
				t.Errorf("%s, approved %t: %t", c.name, approved, got)
			}
			p.ApprovedAt = t0
		}
	}
}

func TestPassApprovalApprove(t *testing.T) {
	t.Parallel()
	const first = "A pass for a privileged user is approved by a second administrator, not by the one who asked for it."
	user := func(id, name string) idp.Party { return idp.Party{Type: idp.ActorUser, ID: id, Name: name} }
	operator := func(name string) idp.Party { return idp.Party{Type: idp.ActorOperator, Name: name} }
	for _, c := range []struct {
		asked, by idp.Party
		want      string
	}{
		{user(bobID, "bob"), user(annaID, "anna"), ""},
		{user(bobID, "bob"), user(annaID, "bob"), ""},
		{user(bobID, "bob"), operator("bob"), ""},
		{operator("root"), user(annaID, "root"), ""},
		{operator("root"), operator("admin"), ""},
		{idp.Party{Type: idp.ActorClient, ID: staffID}, user(staffID, ""), ""},
		{user(bobID, "bob"), user(bobID, "bob"), first},
		{user(bobID, "bob"), user(bobID, "robert"), first},
		{operator("root"), operator("root"), first},
		{operator(""), operator(""), first},
	} {
		p := idp.NewPassApproval(anna(), idp.PassRequest{}, c.asked, t0)
		err := p.Approve(c.by, t0.Add(time.Hour))
		wantError(t, err, idp.Forbidden, c.want)
		if p.Approved() != (err == nil) || err == nil && (p.ApprovedBy != c.by || !p.ApprovedAt.Equal(t0.Add(time.Hour))) {
			t.Errorf("%v by %v: %+v", c.asked, c.by, p)
		}
	}
	p := idp.NewPassApproval(anna(), idp.PassRequest{}, user(bobID, "bob"), t0)
	wantError(t, p.Approve(user(annaID, "anna"), t0), idp.Forbidden, "")
	for _, by := range []idp.Party{user(annaID, "anna"), user(bobID, "bob"), operator("root")} {
		wantError(t, p.Approve(by, t0.Add(1)), idp.Conflict, "The pass was approved already, by anna.")
	}
	if p.ApprovedBy.ID != annaID || !p.ApprovedAt.Equal(t0) {
		t.Errorf("%+v", p)
	}
}

func TestPartySame(t *testing.T) {
	t.Parallel()
	parties := []idp.Party{
		{}, {Type: "user", ID: annaID}, {Type: "user", ID: bobID}, {Type: "client", ID: annaID}, {Type: "operator", Name: "root"},
		{Type: "operator", Name: "Root"}, {Type: "operator", ID: "root"}, {Type: "user", Name: annaID}, {Type: "user"},
	}
	for i, p := range parties {
		for j, q := range parties {
			if got := p.Same(q); got != (i == j) || got != q.Same(p) {
				t.Errorf("%+v and %+v: %t", p, q, got)
			}
		}
	}
}
