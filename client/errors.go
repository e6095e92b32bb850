package client

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/url"
	"strconv"
	"syscall"
	"time"

	"github.com/loratop/loratop/models"
)

// fail gives err its operation. Whatever a library wrapped around a
// *models.Error is dropped; any other error is classified.
func fail(op string, err error) error {
	if err == nil {
		return nil
	}
	var e *models.Error
	if !errors.As(err, &e) {
		e = classify(err)
	}
	d := *e
	if d.Op == "" {
		d.Op = op
	}
	return &d
}

// classify explains an error that no server sent.
func classify(err error) *models.Error {
	e := &models.Error{Err: err}
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled):
		e.Code, e.Msg = models.CodeCanceled, "stopped"
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		e.Code, e.Msg, e.Retry = models.CodeTimeout, "no answer in time", true
		e.Hint = "try again; if it stays so, check the network"
	case errors.As(err, &network), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), isErrno(err):
		e.Code, e.Msg, e.Retry = models.CodeNetwork, networkText(err), true
		e.Hint = "check the network and the profile's URL"
	case isFormat(err):
		return undecodable(err)
	default:
		e.Code, e.Msg = models.CodeUnknown, clip(err.Error(), 300)
	}
	return e
}

// undecodable is a 2xx reply that is not what was asked for.
func undecodable(err error) *models.Error {
	return &models.Error{Code: models.CodeServer, Msg: "the server's reply could not be understood", Err: err,
		Hint: "check that the URL is a Supabase project's: " + clip(err.Error(), 160)}
}

// isFormat finds what the libraries return for a reply of another form.
func isFormat(err error) bool {
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	var moment *time.ParseError
	return errors.As(err, &syntax) || errors.As(err, &shape) || errors.As(err, &moment)
}

func isErrno(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno)
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// networkText says in plain words what broke.
func networkText(err error) string {
	var dns *net.DNSError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &dns):
		return "the host " + quote(dns.Name) + " cannot be found"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing answers at the server's address (connection refused)"
	case errors.As(err, &authority), errors.As(err, &name), errors.As(err, &invalid):
		return "the server's certificate is not trusted"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the connection broke off"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "the network is not reachable"
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return "the server cannot be reached: " + clip(err.Error(), 160)
}

// clip makes wire text one clean line of at most n runes.
func clip(s string, n int) string {
	r := []rune(models.Clean(s))
	if len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return string(r)
}

// quote shows a value inside a sentence.
func quote(s string) string { return strconv.Quote(clip(s, 80)) }

func usage(msg, hint string) *models.Error {
	return &models.Error{Code: models.CodeUsage, Msg: msg, Hint: hint}
}
