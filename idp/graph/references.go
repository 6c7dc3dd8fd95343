package graph

import (
	"net/url"
	"strings"

	"latchkey/idp"
)

// reference is the body that names an object by its address.
var reference = &entity[none, *string]{name: "ReferenceCreate", properties: []property[none, *string]{{
	name: "@odata.id", kind: edmString, flags: required,
	set: func(in *string, v value) (err error) { *in, err = referred(v.text()); return err },
}}}

// readReference is the id of the object that the body names.
func readReference(c *call) (id string, err error) {
	err = reference.readNew(c, &id)
	return id, err
}

// referred is the id in the address of an object. Only its last segment counts: clients
// name Microsoft's host as well as ours.
func referred(address string) (string, error) {
	path, _, _ := strings.Cut(strings.TrimSuffix(address, "/"), "?")
	id, err := url.PathUnescape(path[strings.LastIndexByte(path, '/')+1:])
	if _, key, ok := keyForm(id); ok {
		id = key
	}
	if err != nil || id == "" || id == path {
		return "", idp.Errorf(idp.Invalid, "Invalid URL format specified in payload.")
	}
	return objectKey(id), nil
}

// queriedReference is referred of the query's @id.
func (c *call) queriedReference() (string, error) {
	for _, p := range c.query.pairs {
		if strings.EqualFold(p.name, "@id") {
			return referred(p.value)
		}
	}
	return "", idp.Errorf(idp.Invalid, "Name the object in the query: ?@id=.../directoryObjects/{id}.")
}
