package graph

import (
	"testing"

	kiota "github.com/microsoft/kiota-abstractions-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
)

// batch is several requests in one, of which one fails and one changes something.
func (d *day) batch(t *testing.T) {
	// Of a request within a batch the SDK reads only errors that it is told of.
	wantNone(t, core.RegisterError(core.BatchRequestErrorRegistryKey, kiota.ErrorMappings{
		"4XX": odataerrors.CreateODataErrorFromDiscriminatorValue, "5XX": odataerrors.CreateODataErrorFromDiscriminatorValue,
	}))
	const nobody = "nobody@contoso.example"
	change := models.NewGroup()
	change.SetDescription(new("Who works on holidays"))
	b := core.NewBatchRequest(d.GetAdapter())
	read := must(b.AddBatchRequestStep(*must(d.Users().ByUserId(d.mira).ToGetRequestInformation(t.Context(), nil))(t)))(t)
	absentee := must(b.AddBatchRequestStep(*must(d.Users().ByUserId(nobody).ToGetRequestInformation(t.Context(), nil))(t)))(t)
	write := must(b.AddBatchRequestStep(*must(d.Groups().ByGroupId(d.group).ToPatchRequestInformation(t.Context(), change, nil))(t)))(t)
	after := must(b.AddBatchRequestStep(*must(d.Groups().ByGroupId(d.group).ToGetRequestInformation(t.Context(), nil))(t)))(t)
	after.DependsOnItem(write)
	got := must(b.Send(t.Context(), d.GetAdapter()))(t)

	wantEqual(t, "status", of(got.GetResponseById(of(write.GetId())).GetStatus()), 204)
	mira := must(core.GetBatchResponseById[models.Userable](got, of(read.GetId()), models.CreateUserFromDiscriminatorValue))(t)
	wantEqual(t, "id", of(mira.GetId()), d.mira)
	_, err := core.GetBatchResponseById[models.Userable](got, of(absentee.GetId()), models.CreateUserFromDiscriminatorValue)
	wantEqual(t, "status", of(got.GetResponseById(of(absentee.GetId())).GetStatus()), 404)
	wantRefused(t, err, 0, "Request_ResourceNotFound", absent(nobody))
	group := must(core.GetBatchResponseById[models.Groupable](got, of(after.GetId()), models.CreateGroupFromDiscriminatorValue))(t)
	wantEqual(t, "description", of(group.GetDescription()), "Who works on holidays")
}

func (d *day) clearingUp(t *testing.T) {
	wantNone(t, d.Groups().ByGroupId(d.group).Delete(t.Context(), nil))
	wantEqual(t, "status", wire.last().status, 204)
	_, err := d.Groups().ByGroupId(d.group).Get(t.Context(), nil)
	wantRefused(t, err, 404, "Request_ResourceNotFound", absent(d.group))
	for _, id := range []string{d.mira, d.guest} {
		wantNone(t, d.Users().ByUserId(id).Delete(t.Context(), nil))
		wantEqual(t, "status", wire.last().status, 204)
		_, err := d.Users().ByUserId(id).Get(t.Context(), nil)
		wantRefused(t, err, 404, "Request_ResourceNotFound", absent(id))
	}
	_, err = d.passesOf("mira@"+contoso.Domain).Get(t.Context(), nil)
	wantRefused(t, err, 404, "Request_ResourceNotFound", absent("mira@"+contoso.Domain))
}
