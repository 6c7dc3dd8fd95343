package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"latchkey/idp"
)

// workFields is what an organization's directory says about a person. In an answer every
// field is there; in a change nil leaves it as it is.
type workFields struct {
	JobTitle      *string   `json:"job_title"`
	Department    *string   `json:"department"`
	Company       *string   `json:"company"`
	Office        *string   `json:"office"`
	EmployeeID    *string   `json:"employee_id"`
	UsageLocation *string   `json:"usage_location"`
	OtherMails    *[]string `json:"other_mails"`
}

func workOf(u *idp.User) workFields {
	w := &u.Work
	return workFields{&w.JobTitle, &w.Department, &w.Company, &w.Office, &w.EmployeeID, &w.UsageLocation, new(array(u.OtherMails))}
}

// work puts what was given into u and tells whether that was anything.
func (f workFields) work(u *idp.User) bool {
	given := assign(&u.Work.JobTitle, f.JobTitle)
	given = assign(&u.Work.Department, f.Department) || given
	given = assign(&u.Work.Company, f.Company) || given
	given = assign(&u.Work.Office, f.Office) || given
	given = assign(&u.Work.EmployeeID, f.EmployeeID) || given
	given = assign(&u.Work.UsageLocation, f.UsageLocation) || given
	return assign(&u.OtherMails, f.OtherMails) || given
}

func (f workFields) shown() []string {
	return []string{
		"Job title", valueOf(f.JobTitle), "Department", valueOf(f.Department), "Company", valueOf(f.Company), "Office", valueOf(f.Office),
		"Employee ID", valueOf(f.EmployeeID), "Usage location", valueOf(f.UsageLocation), "Other mail", joined(valueOf(f.OtherMails)),
	}
}

// userWork are the flags of workFields.
type userWork struct {
	jobTitle, department, company, office, employeeID, usageLocation string
	otherMails                                                       []string
}

func (f *userWork) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.jobTitle, "job-title", "", "what the user is, such as 'Head of IT'")
	flags.StringVar(&f.department, "department", "", "department")
	flags.StringVar(&f.company, "company", "", "company")
	flags.StringVar(&f.office, "office", "", "where the user's desk is")
	flags.StringVar(&f.employeeID, "employee-id", "", "number or word by which the organization knows the user")
	flags.StringVar(&f.usageLocation, "usage-location", "", "country, by its two letters, such as CH")
	flags.StringArrayVar(&f.otherMails, "other-mail", nil, "another e-mail address, or none; may be repeated")
}

func (f *userWork) fields(cmd *cobra.Command) workFields {
	return workFields{
		JobTitle: given(cmd, "job-title", f.jobTitle), Department: given(cmd, "department", f.department),
		Company: given(cmd, "company", f.company), Office: given(cmd, "office", f.office),
		EmployeeID: given(cmd, "employee-id", f.employeeID), UsageLocation: given(cmd, "usage-location", f.usageLocation),
		OtherMails: given(cmd, "other-mail", entries(f.otherMails)),
	}
}
