package demoinbox

import (
	"slices"
	"sync"
	"time"
)

// capacity is how many mails are kept. A mail to several people counts for each.
const capacity = 200

// Message is a mail as one recipient has it, and as GET /messages tells of it.
type Message struct {
	To       string    `json:"to"` // whom it was handed over for, whatever it says itself
	Subject  string    `json:"subject"`
	Text     string    `json:"text"`
	HTML     string    `json:"html"`
	Received time.Time `json:"received"`
}

// entry is a kept message. Its number is never given to another.
type entry struct {
	Message
	Number int
	Header []field
}

// box keeps the newest mails.
type box struct {
	mu      sync.Mutex
	entries []entry // the oldest first
	last    int     // number
}

func (b *box) add(to string, now time.Time, l letter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	if len(b.entries) == capacity {
		b.entries = slices.Delete(b.entries, 0, 1)
	}
	b.entries = append(b.entries, entry{
		Message: Message{To: to, Subject: l.subject, Text: l.text, HTML: l.html, Received: now.UTC()},
		Number:  b.last, Header: l.header,
	})
}

// all are the kept mails, the newest first.
func (b *box) all() []entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := slices.Clone(b.entries)
	slices.Reverse(all)
	return all
}

// find answers false for a mail that is not kept any more, or never was.
func (b *box) find(number int) (entry, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.entries, func(e entry) bool { return e.Number == number })
	if i < 0 {
		return entry{}, false
	}
	return b.entries[i], true
}
