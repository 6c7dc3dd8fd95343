package demoinbox

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"
)

// maxDepth is how deep the parts of a mail may be nested.
const maxDepth = 8

// letter is what a mail says, decoded.
type letter struct {
	subject, text, html string
	header              []field
}

// field is a line of a mail's header.
type field struct{ Name, Value string }

// read takes a mail apart (RFC 5322, RFC 2045 to 2047). Of several parts of one kind the
// first counts, and attachments do not.
func read(content []byte) (letter, error) {
	m, err := mail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		return letter{}, err
	}
	l := letter{subject: words(m.Header.Get("Subject"))}
	for _, name := range slices.Sorted(maps.Keys(m.Header)) {
		for _, value := range m.Header[name] {
			l.header = append(l.header, field{name, words(value)})
		}
	}
	return l, l.take(textproto.MIMEHeader(m.Header), m.Body, 0)
}

// take reads a part, or the parts of which it consists.
func (l *letter) take(h textproto.MIMEHeader, body io.Reader, depth int) error {
	kind, params, err := mime.ParseMediaType(cmp.Or(h.Get("Content-Type"), "text/plain"))
	if err != nil {
		kind, params = "text/plain", nil // RFC 2045 5.2
	}
	into := map[string]*string{"text/plain": &l.text, "text/html": &l.html}[kind]
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		return l.takeParts(multipart.NewReader(body, params["boundary"]), depth+1)
	case into == nil || *into != "" || isAttached(h):
		return nil
	}
	content, err := io.ReadAll(decoder(h.Get("Content-Transfer-Encoding"), body))
	if err != nil {
		return fmt.Errorf("the part that is %s: %w", kind, err)
	}
	*into = strings.ReplaceAll(unicode(content, params["charset"]), "\r\n", "\n")
	return nil
}

func (l *letter) takeParts(parts *multipart.Reader, depth int) error {
	if depth > maxDepth {
		return errors.New("its parts are nested too deeply")
	}
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := l.take(p.Header, p, depth); err != nil {
			return err
		}
	}
}

func isAttached(h textproto.MIMEHeader) bool {
	how, _, err := mime.ParseMediaType(h.Get("Content-Disposition"))
	return err == nil && how == "attachment"
}

// decoder undoes a transfer encoding (RFC 2045 6).
func decoder(encoding string, body io.Reader) io.Reader {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	}
	return body
}

// unicode makes UTF-8 of a text. Of character sets that are not known, what is not ASCII
// is shown as unreadable.
func unicode(content []byte, charset string) string {
	if !strings.EqualFold(charset, "iso-8859-1") {
		return strings.ToValidUTF8(string(content), "\uFFFD")
	}
	runes := make([]rune, len(content))
	for i, b := range content {
		runes[i] = rune(b)
	}
	return string(runes)
}

// words decodes the encoded words of a header (RFC 2047). One of a character set that is
// not known stays as it was written.
func words(value string) string {
	decoded, err := new(mime.WordDecoder).DecodeHeader(value)
	if err != nil {
		decoded = value
	}
	return strings.ToValidUTF8(decoded, "\uFFFD")
}
