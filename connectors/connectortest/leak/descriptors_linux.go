package leak

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const own = "/proc/self/fd"

// descriptors are the process's open files, pipes and sockets as "number target", with the peer of those that have one.
// The runtime's own, by which it waits for the others, are left out.
func descriptors() map[string]string {
	entries, err := os.ReadDir(own)
	if err != nil {
		return map[string]string{err.Error(): ""} // as in a process that has no descriptor left
	}
	open := map[string]string{}
	for _, e := range entries {
		target, err := os.Readlink(filepath.Join(own, e.Name()))
		if err != nil || strings.HasPrefix(target, "anon_inode:") { // closed by now, as the folder's own
			continue
		}
		which := e.Name() + " " + target
		open[which] = ""
		if fd, err := strconv.Atoi(e.Name()); err == nil && strings.HasPrefix(target, "socket:") {
			open[which] = peer(fd)
		}
	}
	return open
}

// peer says with whom a socket is connected; "" where it is with nobody.
func peer(fd int) string {
	address, err := syscall.Getpeername(fd)
	if err != nil {
		return ""
	}
	switch a := address.(type) {
	case *syscall.SockaddrInet4:
		return fmt.Sprint(", connected to ", netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)))
	case *syscall.SockaddrInet6:
		return fmt.Sprint(", connected to ", netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port)))
	}
	return ", connected"
}
