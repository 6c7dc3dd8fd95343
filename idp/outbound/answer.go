package outbound

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Answer is what a Get brought.
type Answer struct {
	Status      int           // 200 to 299 or 400 and above
	ContentType string        // the media type in lower case, without parameters; "" if there is none
	Body        []byte        // at most MaxBody, as it was sent: never decompressed
	CacheFor    time.Duration // what Cache-Control allows, from 0 to MaxCache
}

// MaxCache is the longest an answer says it may be kept: a key that was taken back
// is gone a day later, whatever was said of it before.
const MaxCache = 24 * time.Hour

func readAnswer(r *http.Response) (*Answer, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if len(body) > MaxBody {
		return nil, fmt.Errorf("%w: over %d bytes", ErrTooLarge, MaxBody)
	}
	if err != nil {
		return nil, err
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		media = ""
	}
	return &Answer{Status: r.StatusCode, ContentType: media, Body: body, CacheFor: cacheFor(r.Header)}, nil
}

// cacheFor reads max-age, RFC 9111 section 5.2.2; what forbids keeping wins.
func cacheFor(h http.Header) time.Duration {
	var keep time.Duration
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
			if err != nil {
				return 0
			}
			keep = min(time.Duration(seconds)*time.Second, MaxCache)
		}
	}
	return keep
}
