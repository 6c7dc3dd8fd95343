package chromiumtest

import (
	"context"
	"fmt"
	"net/url"

	"github.com/chromedp/cdproto/backgroundservice"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"
)

// Push is the action by which a browser hands a message to the service worker of a scope, the
// address of a page, as it does when its push service has sent one.
func Push(tab context.Context, scope, message string) (chromedp.Action[cdp.Empty], error) {
	at, err := url.Parse(scope)
	if err != nil {
		return nil, err
	}
	params := serviceworker.DeliverPushMessageParams{Origin: at.Scheme + "://" + at.Host, Data: message}
	// Chromium lists the workers to those who begin to listen.
	if _, err := Run(tab, Call(serviceworker.Disable, struct{}{})); err != nil {
		return nil, err
	}
	_, err = Run(tab, chromedp.WaitEvent(serviceworker.WorkerRegistrationUpdated, func(e serviceworker.EventWorkerRegistrationUpdated) bool {
		for _, r := range e.Registrations {
			if r.ScopeURL == scope {
				params.RegistrationID = r.RegistrationID
			}
		}
		return params.RegistrationID != ""
	}, Call(serviceworker.Enable, struct{}{})))
	return Call(serviceworker.DeliverPushMessage, params), err
}

// Notification is one that a service worker has shown.
type Notification struct {
	Title, Body, Tag string
	Data             any
}

// Notified does what makes the service worker of a scope show a notification, waits until it is
// shown, and returns all that are. The page in the tab must not ask for them meanwhile: Chromium
// then takes one that is about to be shown for one that was closed.
func Notified(tab context.Context, scope string, action chromedp.Action[cdp.Empty]) ([]Notification, error) {
	const service = backgroundservice.ServiceNameNotifications
	shown := func(e backgroundservice.EventBackgroundServiceEventReceived) bool {
		return e.BackgroundServiceEvent.EventName == "Notification displayed"
	}
	if _, err := Run(tab, Call(backgroundservice.SetRecording, backgroundservice.SetRecordingParams{ShouldRecord: true, Service: service})); err != nil {
		return nil, err
	}
	if _, err := Run(tab, Call(backgroundservice.StartObserving, backgroundservice.StartObservingParams{Service: service})); err != nil {
		return nil, err
	}
	if _, err := Run(tab, chromedp.WaitEvent(backgroundservice.BackgroundServiceEventReceived, shown, action)); err != nil {
		return nil, err
	}
	return Run(tab, chromedp.Evaluate[[]Notification](fmt.Sprintf(`navigator.serviceWorker.getRegistration(%q)
		.then((worker) => worker.getNotifications())
		.then((all) => all.map(({ title, body, tag, data }) => ({ Title: title, Body: body, Tag: tag, Data: data })))`, scope), chromedp.EvalAwaitPromise))
}
