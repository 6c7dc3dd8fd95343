// Package device is a headless authenticator: what answers sign-in requests without a browser.
// It speaks the protocol of docs/device-protocol.md over HTTP as a stranger would, keeps the
// keys of its accounts in a file, and holds a WebAuthn credential in software.
//
// Nobody is there to be verified: that the holder was is said, not shown. Its keys are as safe as
// the file is, so it calls itself a program (its app begins with "cli/"), and servers accept it
// where their policy allows that. What it owns is the device's side alone; whose device may
// answer what, and which answer decides, is the server's business.
//
// The threats are a server that is not the one the account was made at, or that lies: a challenge
// is believed only if a key of the issuer vouches for it and it is meant for this very device,
// nothing is sent to another origin than the account's, and no answer is read without end.
package device
