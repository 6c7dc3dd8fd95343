package ui

// Authenticator is the app that makes a phone or a computer answer sign-in requests. All that
// it does is done by script: the page brings its screens and texts, each in a template.
type Authenticator struct {
	Action   string // the page's own address
	Name     string // what a device may be called unless the person changes it
	Platform string // "Android", "" if not known
}

// PageName implements View.
func (Authenticator) PageName() string { return "authenticator" }

// Tries are the numbers of tries that may be left: as many texts, since a script cannot choose
// the plurals of a language.
func (Authenticator) Tries() []int { return []int{1, 2, 3, 4, 5} }
