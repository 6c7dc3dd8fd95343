package main

import (
	"os/user"
	"strconv"
)

// userName is the name of an account of this machine, or its number.
func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "uid " + strconv.Itoa(uid)
}
