package main

import (
	"net"
	"os"
	"syscall"
)

// peerName is the name of the user at the other end of a Unix socket.
func peerName(c net.Conn) string {
	unix, ok := c.(*net.UnixConn)
	if !ok {
		return userName(os.Getuid())
	}
	raw, err := unix.SyscallConn()
	if err != nil {
		return userName(os.Getuid())
	}
	uid := os.Getuid()
	_ = raw.Control(func(fd uintptr) { // if it fails the peer is taken for the owner
		if cred, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED); err == nil {
			uid = int(cred.Uid)
		}
	})
	return userName(uid)
}
