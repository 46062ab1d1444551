package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"callsift/analyze"
	"callsift/charts/report"
)

// postOffice is an SMTP server that keeps what it is given.
type postOffice struct {
	mu       sync.Mutex
	user     string // who has logged in
	secure   bool   // the last mail came over TLS
	from     string
	to       []string
	received []byte
}

func (p *postOffice) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, secure := c.TLSConnectionState()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.user, p.secure, p.to = "", secure, nil
	return &counter{p}, nil
}

// counter is one connection to it.
type counter struct{ *postOffice }

func (c *counter) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *counter) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "pbx" || password != "secret of the test" {
			return errors.New("wrong name or password")
		}
		c.user = user
		return nil
	}), nil
}

func (c *counter) Mail(from string, _ *smtp.MailOptions) error { c.from = from; return nil }

func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "nobody@") {
		return &smtp.SMTPError{Code: 550, Message: "no such mailbox"}
	}
	c.to = append(c.to, to)
	return nil
}

func (c *counter) Data(r io.Reader) (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.received, err = io.ReadAll(r)
	return err
}

func (c *counter) Reset()        {}
func (c *counter) Logout() error { return nil }

// certificate makes one for 127.0.0.1 and writes it as PEM.
func certificate(t *testing.T, path string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// open starts the server with TLS from the first byte or not, and gives its port.
func (p *postOffice) open(t *testing.T, cert *tls.Certificate, fromTheFirst bool) int {
	t.Helper()
	s := smtp.NewServer(p)
	s.Domain, s.ErrorLog = "127.0.0.1", quietLog{}
	if cert != nil {
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*cert}}
	}
	s.AllowInsecureAuth = false
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if fromTheFirst {
		l = tls.NewListener(l, s.TLSConfig)
	}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return port
}

type quietLog struct{}

func (quietLog) Printf(string, ...any) {}
func (quietLog) Println(...any)        {}

// report --mail-to hands the mail to a real SMTP server: with STARTTLS, with TLS from
// the first byte, without; and tells why it could not.
func TestMailTo(t *testing.T) {
	dir := t.TempDir()
	cert := certificate(t, filepath.Join(dir, "ca.pem"))
	office := &postOffice{}
	starttls, wrapped, plain := office.open(t, &cert, false), office.open(t, &cert, true), office.open(t, nil, false)
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("secret of the test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	login := "user = \"pbx\"\npassword_file = \"secret\"\nca_file = \"ca.pem\"\n"
	for _, x := range []struct {
		name, mail, password, to string
		secure                   bool
		user, fails              string
	}{
		{"starttls", fmt.Sprintf("port = %d\n", starttls) + login, "", "noc@example.net,boss@example.net", true, "pbx", ""},
		{"tls", fmt.Sprintf("port = %d\ntls = \"tls\"\n", wrapped) + login, "", "noc@example.net", true, "pbx", ""},
		{"password of the environment", fmt.Sprintf("port = %d\ntls = \"tls\"\nuser = \"pbx\"\nca_file = \"ca.pem\"\n", wrapped), "secret of the test", "noc@example.net", true, "pbx", ""},
		{"none", fmt.Sprintf("port = %d\ntls = \"none\"\n", plain), "", "noc@example.net", false, "", ""},
		{"those of the configuration", fmt.Sprintf("port = %d\ntls = \"none\"\nto = [\"noc@example.net\", \"boss@example.net\"]\n", plain), "", "@noc@example.net,boss@example.net", false, "", ""},
		{"nobody in the configuration", fmt.Sprintf("port = %d\ntls = \"none\"\n", plain), "", "@", false, "", "has no [mail] to"},
		{"no address in the configuration", fmt.Sprintf("port = %d\ntls = \"none\"\nto = [\"noc\"]\n", plain), "", "@", false, "", `to: "noc" is no mail address`},
		{"wrong password", fmt.Sprintf("port = %d\n", starttls) + login, "guess", "noc@example.net", true, "", "mail by 127.0.0.1: "},
		{"unknown certificate", fmt.Sprintf("port = %d\ntls = \"tls\"\n", wrapped), "", "noc@example.net", true, "", "certificate"},
		{"no STARTTLS there", fmt.Sprintf("port = %d\n", plain), "", "noc@example.net", false, "", "STARTTLS"},
		{"refused", fmt.Sprintf("port = %d\ntls = \"none\"\n", plain), "", "nobody@example.net", false, "", "no such mailbox"},
		{"password in the clear", fmt.Sprintf("port = %d\ntls = \"none\"\n", plain) + login, "", "noc@example.net", false, "", "in the clear"},
		{"no password", fmt.Sprintf("port = %d\nuser = \"pbx\"\n", starttls), "", "noc@example.net", false, "", "no password"},
		{"unknown key", fmt.Sprintf("port = %d\npasword = \"x\"\n", plain), "", "noc@example.net", false, "", `unknown key "mail.pasword"`},
		{"no address", "", "", "noc", false, "", "no mail address"},
	} {
		t.Run(x.name, func(t *testing.T) {
			office.received = nil
			t.Setenv(mailPassword, x.password)
			config := filepath.Join(dir, "callsift.toml")
			if err := os.WriteFile(config, []byte("[mail]\nserver = \"127.0.0.1\"\nfrom = \"pbx@example.net\"\n"+x.mail), 0o600); err != nil {
				t.Fatal(err)
			}
			told := handIn(config, given(x.to))
			if x.fails != "" {
				if told == nil || !strings.Contains(told.Error(), x.fails) || strings.Contains(told.Error(), "secret of") || office.received != nil {
					t.Errorf("%v, mail of %d bytes, want an error with %q", told, len(office.received), x.fails)
				}
				return
			}
			if told != nil {
				t.Fatal(told)
			}
			if office.secure != x.secure || office.user != x.user || office.from != "pbx@example.net" || strings.Join(office.to, ",") != strings.TrimPrefix(x.to, "@") {
				t.Errorf("TLS %v, user %q, from %q, to %q", office.secure, office.user, office.from, office.to)
			}
			m, err := mail.ReadMessage(bytes.NewReader(office.received))
			if err != nil {
				t.Fatal(err)
			}
			if at, err := m.Header.Date(); err != nil || time.Since(at) > time.Hour || m.Header.Get("X-Unsent") != "" || m.Header.Get("Message-ID") == "" {
				t.Errorf("date %v, header %v", at, m.Header)
			}
			for _, want := range []string{"text/plain", "text/html"} {
				if !bytes.Contains(office.received, []byte(want)) {
					t.Errorf("no %q in the mail", want)
				}
			}
		})
	}

	// The command as a whole, with its charts and without a telephone number.
	var out, errs bytes.Buffer
	config := filepath.Join(dir, "callsift.toml")
	if err := os.WriteFile(config, fmt.Appendf(nil, "[mail]\nserver = \"127.0.0.1\"\nfrom = \"pbx@example.net\"\nport = %d\n%s", starttls, login), 0o600); err != nil {
		t.Fatal(err)
	}
	status := run([]string{"report", "--config", config, "--week", "2026-W46", "--evidence", "0", "--out", filepath.Join(dir, "report"), "--mail-to", "noc@example.net",
		"testdata/input/uac.log"}, strings.NewReader(""), &out, &errs)
	if status != 0 || !strings.Contains(errs.String(), "callsift: mail sent to noc@example.net\n") {
		t.Fatalf("status %d: %s", status, errs.String())
	}
	for _, want := range []string{"Subject: uac.log: call failures 2026-W46", "Content-Id: <pareto@callsift>"} {
		if !bytes.Contains(office.received, []byte(want)) {
			t.Errorf("no %q in the mail", want)
		}
	}
}

// given are the addresses of a flag; none where those of the configuration are meant,
// which begin with @ here.
func given(to string) []string {
	if strings.HasPrefix(to, "@") {
		return nil
	}
	return strings.Split(to, ",")
}

// handIn sends a report without a call by a configuration.
func handIn(config string, to []string) error {
	a := &app{config: config}
	post, err := a.mailTo(to, to == nil)
	if err != nil {
		return err
	}
	week := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)
	return post.send(context.Background(), &analyze.Report{Title: "site", Period: analyze.Period{From: week, To: week.AddDate(0, 0, 7)}}, report.Options{})
}
