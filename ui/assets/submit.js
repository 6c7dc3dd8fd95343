// Sends the page's answer on to the app. The page has a button for browsers
// without scripts, and for people whose browser stopped this one.
const form = document.querySelector('form[data-submit]');

// A field may be called "submit" and then hides the form's own method.
HTMLFormElement.prototype.submit.call(form);
