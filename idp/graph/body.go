package graph

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"net/http"

	"latchkey/idp"
)

// maxInflated bounds a body after decompression.
const maxInflated = 1 << 20

const badPayload = "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format."

// readBody reads a request's JSON object. The Go SDK compresses every body.
func readBody(r *http.Request, mayBeEmpty bool) (object, error) {
	raw, err := inflated(r)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(raw)) == 0 {
		if mayBeEmpty {
			return object{}, nil
		}
		return nil, idp.Errorf(idp.Invalid, "Empty Payload. JSON content expected.")
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return nil, unsupportedMedia("The Content-Type must be application/json.")
	}
	return parseObject(raw)
}

func unsupportedMedia(text string) error {
	return &refusal{status: http.StatusUnsupportedMediaType, code: "UnsupportedMediaType", message: text}
}

// inflated reads the body and undoes Content-Encoding.
func inflated(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	switch r.Header.Get("Content-Encoding") {
	case "", "identity":
		return bounded(r.Body)
	case "gzip":
	default:
		return nil, unsupportedMedia("The Content-Encoding must be gzip or identity.")
	}
	z, err := gzip.NewReader(r.Body)
	if err == io.EOF { // no body at all
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(err)
	}
	return bounded(z)
}

// bounded ends early what inflates to more than is allowed.
func bounded(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxInflated+1))
	if err != nil {
		return nil, unreadable(err)
	}
	if len(raw) > maxInflated {
		return nil, tooLarge()
	}
	return raw, nil
}

// unreadable keeps the error that says a body is too large; anything else is the
// client's: damaged compression, or a connection that ended.
func unreadable(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return err
	}
	return idp.Errorf(idp.Invalid, "The request body could not be read.")
}
