package ui

// Apps lists the apps that a person can open; its button, decision=sign-out, is that of
// SecurityInfo.
type Apps struct {
	SecurityInfoURL string
	Username        string
	DisplayName     string
	Rows            []AppRow
	More            bool // there are others that are not listed
}

// PageName implements View.
func (Apps) PageName() string { return "apps" }

// AppRow is one of them.
type AppRow struct {
	ID, Name string
	Host     string // where it leads to
	URL      string // the link of ours that leads there
}

// OrganizationLink leads on to an organization where somebody signed in before.
type OrganizationLink struct{ ID, Name, URL string }
